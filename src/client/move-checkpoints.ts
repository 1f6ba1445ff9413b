import type { Client } from '@temporalio/client';
import type { ConsumerServices } from '../aws/consumer-services';
import type { CheckpointRow } from '../core/checkpoint';
import type { MoveKind } from '../core/control';
import { TidemarkError } from '../core/errors';
import { estimateRecords } from '../core/history';
import { mapConcurrently } from '../core/map-concurrently';
import type { StreamIncarnation } from '../core/names';
import type { Position } from '../core/positions';
import type { ShardStatus } from '../core/shard-work';
import type { ConsumerDefinition } from '../handler/define-consumer';
import type { StreamDescription } from '../kinesis/kinesis-port';
import { incarnationOf } from './dead-letter-table';
import { previewMove, type MovePreview } from './move-preview';
import { sendMoves, type MovedShard, type MoveOrder } from './send-moves';
import { standingShards } from './standing-shards';
import { withServices } from './with-services';

export interface MoveQuery {
  readonly kind: MoveKind;
  /** Only this shard. Default: all shards that run. Needed for a sequence number: it is of one shard. */
  readonly shardId?: string;
  /** Where to; not for an undo. A function gives each shard its own, or leaves it out with undefined. */
  readonly to?: Position | ((shardId: string) => Position | undefined);
  /**
   * How long to wait for each shard until a worker tells where it stands, in milliseconds.
   * @default 60000
   */
  readonly timeoutMs?: number;
}

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
    return [...previews, ...(await finishedOnes(services, stream, query, standing))];
  });
}

/** Moves the checkpoints as they were shown. Those that were shown to be refused are left out. */
export async function moveShards(
  client: Client,
  consumer: ConsumerDefinition,
  previews: readonly MovePreview[],
  order: MoveOrder,
): Promise<MovedShard[]> {
  const stream = await withServices(consumer, (services) => incarnationOf(consumer, services));
  return sendMoves(client, stream, previews, order);
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

/** Finished shards that a way back would concern: what is in them would not be handled again. Some may have been finished while others were asked. */
async function finishedOnes(
  { store }: ConsumerServices,
  stream: StreamIncarnation,
  query: MoveQuery,
  standing: readonly ShardStatus[],
): Promise<MovePreview[]> {
  if (query.kind !== 'rewind' || query.to === undefined || query.shardId !== undefined) return [];
  const asked = new Set(standing.map(({ shardId }) => shardId));
  const others = (await store.listKnownShards(stream)).filter(({ shardId }) => !asked.has(shardId));
  const rows = await store.readMany(others.map(({ shardId }) => ({ ...stream, shardId })));
  const places = [
    ...standing.map(({ shardId, position, progress }) => ({
      shardId,
      position,
      lastArrivalMs: progress.lastArrivalMs,
    })),
    ...others.map(({ shardId }, index) => ({ shardId, ...rows[index] })),
  ];
  return places.flatMap((place) => finishedPreview(place, query) ?? []);
}

type Place = Partial<Pick<CheckpointRow, 'position' | 'lastArrivalMs'>> & { readonly shardId: string };

function finishedPreview(
  { shardId, position, lastArrivalMs = 0 }: Place,
  { kind, to }: MoveQuery,
): MovePreview | undefined {
  const target = typeof to === 'function' ? to(shardId) : to;
  if (target === undefined || position?.at !== 'SHARD_END') return undefined;
  if (target.at === 'AT_TIMESTAMP' && lastArrivalMs < target.timestampMs) return undefined;
  const refusal = 'The shard is finished: what is in it would not be handled again';
  return { shardId, kind, from: position, to: target, refusal, warnings: [] };
}
