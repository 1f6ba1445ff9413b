import type { Client } from '@temporalio/client';
import { codeOf, TidemarkError } from '../core/errors';
import { mapConcurrently } from '../core/map-concurrently';
import { messageNames } from '../core/names';
import type { ParkedRequest, ShardStatus } from '../core/shard-work';
import { partitionKeyDigest } from '../dead-letters/partition-key-digest';
import { deadlineAfter } from './deadline-after';
import { askShard } from './ask-shard';
import { sendOrder } from './send-order';
import { shardWorkflows } from './shard-workflows';
import type { ConsumerName } from './stop-consumer';

export interface RetryParkedOptions {
  /** Only this shard. Default: every shard of the consumer of which something is parked. */
  readonly shardId?: string;
  /** Only the records of this partition key. Default: all that is parked. */
  readonly partitionKey?: string;
  /** Who asks; stands in history. */
  readonly by: string;
  readonly reason?: string;
  /**
   * How long to wait until the orders are carried out, and, without `shardId`, before that for each shard until it tells what is parked, in milliseconds.
   * @default 60000
   */
  readonly timeoutMs?: number;
}

export interface SkipParkedOptions extends RetryParkedOptions {
  readonly shardId: string;
  readonly reason: string;
  /** Refused if the shard is parked at another record by now. */
  readonly sequenceNumber?: string;
  /** Go on behind records that retention took (`onDataLoss: 'stop'`). Refused if the shard waits because of something else. */
  readonly acceptLoss?: true;
}

/** A shard that has carried out an order, and where it stands since. */
export interface OrderedShard {
  readonly workflowId: string;
  readonly status: ShardStatus;
}

type Order = ParkedRequest;

const DEFAULT_TIMEOUT_MS = 60_000;
const AT_A_TIME = 16;

/**
 * Without `shardId`, shards that refuse because somebody else came first are left out, unless all do.
 * @throws `NOT_PARKED`, `WORKFLOW_NOT_FOUND`, `NO_WORKER`
 */
export async function orderParked(
  client: Client,
  name: ConsumerName,
  kind: 'retryParked' | 'skipParked',
  options: RetryParkedOptions & Pick<ParkedRequest, 'sequenceNumber' | 'acceptLoss'>,
): Promise<OrderedShard[]> {
  const { shardId, timeoutMs = DEFAULT_TIMEOUT_MS, partitionKey, ...asked } = options;
  const request: Order = partitionKey === undefined ? asked : { ...asked, keyDigest: partitionKeyDigest(partitionKey) };
  const meant = await shardWorkflows(client, name, shardId);
  const parked = shardId === undefined ? await parkedAmong(client, meant, { request, timeoutMs }) : meant;
  if (parked.length === 0) throw nothingParked(name, request);
  const deadline = deadlineAfter(timeoutMs);
  const answers = await mapConcurrently(parked, AT_A_TIME, async (workflowId) => {
    const sending = { workflowId, update: messageNames[kind], request, deadline };
    return sendOrder<ShardStatus, Order>(client, sending).then(
      (status) => ({ workflowId, status }),
      (error: unknown) => ({ error: error instanceof Error ? error : new Error(String(error)) }),
    );
  });
  const ordered = answers.flatMap((answer) => ('status' in answer ? [answer] : []));
  const errors = answers.flatMap((answer) => ('error' in answer ? [answer.error] : []));
  const [first] = ordered.length === 0 ? errors : errors.filter((error) => codeOf(error) !== 'NOT_PARKED');
  if (first !== undefined) throw first;
  return ordered;
}

/** Workflows of shards that say that they, or partition keys of theirs, are parked. */
async function parkedAmong(
  client: Client,
  workflowIds: readonly string[],
  { request, timeoutMs }: { readonly request: Order; readonly timeoutMs: number },
): Promise<string[]> {
  const isParked = await mapConcurrently(workflowIds, AT_A_TIME, async (workflowId) => {
    const status = await askShard(client, workflowId, deadlineAfter(timeoutMs));
    if (status === undefined) return false;
    const { halt, progress } = status;
    return (request.keyDigest === undefined && halt !== undefined) || (progress.parkedKeys ?? 0) > 0;
  });
  return workflowIds.filter((_, index) => isParked[index]);
}

function nothingParked({ consumer, streamName }: ConsumerName, { keyDigest }: Order): TidemarkError {
  const what = keyDigest === undefined ? 'Nothing' : 'No partition key';
  return new TidemarkError('NOT_PARKED', `${what} of consumer ${consumer} on stream ${streamName} is parked`);
}
