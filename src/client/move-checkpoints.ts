import type { Client } from '@temporalio/client';
import type { ConsumerServices } from '../aws/consumer-services';
import { TidemarkError } from '../core/errors';
import { estimateRecords } from '../core/history';
import { mapConcurrently } from '../core/map-concurrently';
import type { StreamIncarnation } from '../core/names';
import type { ShardStatus } from '../core/shard-work';
import type { ConsumerDefinition } from '../handler/define-consumer';
import type { StreamDescription } from '../kinesis/kinesis-port';
import { incarnationOf } from './dead-letter-table';
import { previewMove, type MovePreview } from './move-preview';
import type { MoveQuery } from './move-query';
import { sendMoves, type MovedShard, type MoveOrder } from './send-moves';
import { standingShards } from './standing-shards';
import { isFinished, isRewindOfAll, unmovableShards } from './unmovable-shards';
import { withServices } from './with-services';

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
    const open = isRewindOfAll(query) ? standing.filter((shard) => !isFinished(shard)) : standing;
    const moving = await mapConcurrently(open, AT_A_TIME, (shard) => previewShard(services, described, query, shard));
    const isMeant = ({ isThere }: MovePreview): boolean =>
      query.shardId !== undefined || query.kind === 'undo' || !isThere;
    const previews = moving.flatMap((preview) => preview ?? []).filter(isMeant);
    return [...previews, ...(await unmovableShards(services, stream, query, standing))];
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
