import { setTimeout as sleep } from 'node:timers/promises';
import type { ConsumerServices } from '../aws/consumer-services';
import { readKclLeases } from '../checkpoints/kcl-leases';
import type { Backup } from '../core/backup';
import { TidemarkError } from '../core/errors';
import { backupFromKcl, type KclLease } from '../core/from-kcl';
import type { ResolvedOptions } from '../core/resolve-options';
import { describeRequestedStart, resolveStart } from '../core/start-position';

export interface KclOptions {
  /** Name of KCL's lease table; KCL calls it like the application. */
  readonly leaseTable: string;
  /** Where shards begin that KCL never committed: its table does not tell. Epoch milliseconds. */
  readonly startAtMs?: number;
  /**
   * How long the leases are watched for a KCL that still runs, milliseconds; 0: not at all.
   *
   * @default 5000
   */
  readonly watchMs?: number;
}

/** KCL renews a lease at three times the rate at which it may fail over: each 3.3 seconds unless configured otherwise. */
const DEFAULT_WATCH_MS = 5_000;

/** @throws `CONSUMER_RUNNING` if a lease changes while it is watched */
export async function readKclBackup(
  { kinesis, dynamodb }: Pick<ConsumerServices, 'kinesis' | 'dynamodb'>,
  options: ResolvedOptions,
  { leaseTable, startAtMs, watchMs = DEFAULT_WATCH_MS }: KclOptions,
): Promise<Backup> {
  const { streamName, streamArn, createdAtMs, serviceNowMs } = await kinesis.describeStream(options);
  const stream = { consumer: options.name, streamName, streamArn, createdAtMs };
  const leases = await readKclLeases(dynamodb, leaseTable, stream);
  if (watchMs > 0) {
    await sleep(watchMs);
    assertUnchanged(leases, await readKclLeases(dynamodb, leaseTable, stream), leaseTable);
  }
  return backupFromKcl({
    stream,
    leases,
    listed: await kinesis.listShards(stream),
    registration: {
      start: resolveStart(options.start, serviceNowMs),
      requestedStart: describeRequestedStart(options.start),
      registeredAtMs: serviceNowMs,
    },
    startAtMs,
    nowMs: serviceNowMs,
  });
}

function assertUnchanged(before: readonly KclLease[], after: readonly KclLease[], table: string): void {
  const counters = new Map(before.map(({ shardId, counter }) => [shardId, counter]));
  const changed = after.find(({ shardId, counter }) => counters.get(shardId) !== counter);
  if (changed === undefined && before.length === after.length) return;
  const owner = changed?.owner === undefined ? '' : ` by ${changed.owner}`;
  throw new TidemarkError('CONSUMER_RUNNING', `KCL still runs: its leases are being renewed${owner}`, {
    context: { table, shard: changed?.shardId },
    hint: 'Stop every worker of the KCL application first.',
  });
}
