import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type { ConsumerServices } from '../aws/consumer-services';
import type { MoveKind, MoveRequest } from '../core/control';
import { TidemarkError } from '../core/errors';
import { estimateRecords } from '../core/history';
import { mapConcurrently } from '../core/map-concurrently';
import { messageNames, shardWorkflowId, type StreamIncarnation } from '../core/names';
import type { Position } from '../core/positions';
import type { ShardStatus } from '../core/shard-work';
import type { ConsumerDefinition } from '../handler/define-consumer';
import type { StreamDescription } from '../kinesis/kinesis-port';
import { incarnationOf } from './dead-letter-table';
import { previewMove, type MovePreview } from './move-preview';
import { sendOrder } from './send-order';
import { standingShards } from './standing-shards';
import { withServices } from './with-services';

export interface MoveQuery {
  readonly kind: MoveKind;
  /** Only this shard. Default: all shards that run. Needed for a sequence number: it is of one shard. */
  readonly shardId?: string;
  /** Where to; not for an undo. A function gives each shard its own, or leaves it out with undefined. */
  readonly to?: Position | ((shardId: string) => Position | undefined);
  /**
   * How long to wait until a shard's worker tells where it stands, in milliseconds.
   * @default 60000
   */
  readonly timeoutMs?: number;
}

export interface MoveOrder {
  /** Who asks; stands in history. */
  readonly by: string;
  readonly reason: string;
  /**
   * How long to wait until every shard has obeyed, in milliseconds.
   * @default 60000
   */
  readonly timeoutMs?: number;
}

export interface MovedShard {
  readonly shardId: string;
  readonly status: ShardStatus;
}

const DEFAULT_TIMEOUT_MS = 60_000;
const AT_A_TIME = 8;
/** Entries of the history that an estimate looks at: at most, of a busy shard, about 14 hours. */
const LOOK_BACK = 5_000;

/**
 * What a move would do to each shard that it concerns. Nothing is changed.
 * @throws `WORKFLOW_NOT_FOUND` if nothing runs that could be moved, `NO_WORKER`, `INVALID_OPTION`
 */
export async function previewMoves(
  client: Client,
  consumer: ConsumerDefinition,
  query: MoveQuery,
): Promise<MovePreview[]> {
  return withServices(consumer, async (services) => {
    const stream = await incarnationOf(consumer, services);
    const described = { ...(await services.kinesis.describeStream(stream)), ...stream };
    const standing = await standingShards(client, services, { stream, ...query });
    const moving = await mapConcurrently(standing, AT_A_TIME, (shard) =>
      previewShard(services, described, query, shard),
    );
    const isMeant = ({ isThere }: MovePreview): boolean =>
      query.shardId !== undefined || query.kind === 'undo' || !isThere;
    const previews = moving.flatMap((preview) => preview ?? []).filter(isMeant);
    const running = new Set(standing.map(({ shardId }) => shardId));
    return [...previews, ...(await refusedOnes(services, stream, query, running))];
  });
}

/** Moves the checkpoints as they were shown. Those that were shown to be refused are left out. */
export async function moveShards(
  client: Client,
  consumer: ConsumerDefinition,
  previews: readonly MovePreview[],
  { by, reason, timeoutMs = DEFAULT_TIMEOUT_MS }: MoveOrder,
): Promise<MovedShard[]> {
  const deadline = Date.now() + timeoutMs;
  const stream = await withServices(consumer, (services) => incarnationOf(consumer, services));
  const moving = previews.filter(({ refusal }) => refusal === undefined);
  return mapConcurrently(moving, AT_A_TIME, async ({ shardId, kind, to, nextArrivalMs }) => {
    const id = randomUUID();
    const arrivalMs = nextArrivalMs === undefined ? {} : { arrivalMs: nextArrivalMs };
    const request: MoveRequest = { id, kind, to, by, reason, requestedAtMs: Date.now(), ...arrivalMs };
    const workflowId = shardWorkflowId({ ...stream, shardId });
    const update = messageNames.moveCheckpoint;
    const status = await sendOrder<ShardStatus, MoveRequest>(client, {
      workflowId,
      update,
      request,
      deadline,
      updateId: id,
    });
    return { shardId, status };
  });
}

async function previewShard(
  services: ConsumerServices,
  described: StreamDescription & StreamIncarnation,
  { kind, to }: MoveQuery,
  { shardId, position, progress, lastMove }: ShardStatus,
): Promise<MovePreview | undefined> {
  const target = kind === 'undo' ? lastMove?.from : typeof to === 'function' ? to(shardId) : to;
  if (target === undefined) {
    if (kind !== 'undo' && to === undefined)
      throw new TidemarkError('INVALID_OPTION', 'A move needs a position to move to');
    return undefined;
  }
  const { lastArrivalMs } = progress;
  const question = { shardId, kind, from: position, to: target, lastArrivalMs, lastMove };
  const preview = await previewMove(services, described, question);
  const entries = await services.history.list({ ...described, shardId }, { limit: LOOK_BACK });
  const records = preview.refusal ? undefined : estimateRecords(entries, position, target);
  return records === undefined ? preview : { ...preview, records };
}

/** Finished shards that a way back would concern: what is in them would not be handled again. */
async function refusedOnes(
  { store }: ConsumerServices,
  stream: StreamIncarnation,
  { kind, to, shardId }: MoveQuery,
  running: ReadonlySet<string>,
): Promise<MovePreview[]> {
  if (kind !== 'rewind' || to === undefined || shardId !== undefined) return [];
  const known = (await store.listKnownShards(stream)).filter((shard) => !running.has(shard.shardId));
  const rows = await store.readMany(known.map((shard) => ({ ...stream, shardId: shard.shardId })));
  return known.flatMap((shard, index) => {
    const row = rows[index];
    const target = typeof to === 'function' ? to(shard.shardId) : to;
    if (target === undefined || row?.position.at !== 'SHARD_END') return [];
    const isBefore = target.at === 'AT_TIMESTAMP' && (row.lastArrivalMs ?? 0) < target.timestampMs;
    if (isBefore) return [];
    const { position: from } = row;
    const refusal = 'The shard is finished: what is in it would not be handled again';
    return [{ shardId: shard.shardId, kind, from, to: target, refusal, warnings: [] }];
  });
}
