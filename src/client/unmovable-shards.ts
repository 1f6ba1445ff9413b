import type { CheckpointStore } from '../checkpoints/checkpoint-store';
import type { CheckpointRow } from '../core/checkpoint';
import type { StreamIncarnation } from '../core/names';
import { comparePositions, type Position } from '../core/positions';
import type { ShardStatus } from '../core/shard-work';
import type { MovePreview } from './move-preview';
import type { MoveQuery } from './move-query';

const FINISHED = 'The shard is finished: what is in it would not be handled again';
const NOT_RUNNING = 'The shard does not run: see `npx tidemark status`';

/**
 * Shards that a rewind of all would concern and that cannot be moved: those that are finished, some of them since they were asked, and those with a
 * checkpoint and no workflow.
 * @param standing the ones that have told how they stand
 */
export async function unmovableShards(
  { store }: { readonly store: Pick<CheckpointStore, 'listKnownShards' | 'readMany'> },
  stream: StreamIncarnation,
  query: MoveQuery,
  standing: readonly ShardStatus[],
): Promise<MovePreview[]> {
  const { to } = query;
  if (!isRewindOfAll(query) || to === undefined) return [];
  const asked = new Set(standing.map(({ shardId }) => shardId));
  const others = (await store.listKnownShards(stream)).filter(({ shardId }) => !asked.has(shardId));
  const rows = await store.readMany(others.map(({ shardId }) => ({ ...stream, shardId })));
  const finished = standing.filter(isFinished).map(({ shardId, position, progress }) => ({
    shardId,
    position,
    lastArrivalMs: progress.lastArrivalMs,
  }));
  const places: Place[] = [
    ...finished,
    ...others.flatMap(({ shardId }, index) => (rows[index] ? [{ shardId, ...rows[index] }] : [])),
  ];
  return places.flatMap((place) => refusedPreview(place, typeof to === 'function' ? to(place.shardId) : to) ?? []);
}

export function isRewindOfAll({ kind, shardId }: MoveQuery): boolean {
  return kind === 'rewind' && shardId === undefined;
}

export function isFinished({ position }: Pick<ShardStatus, 'position'>): boolean {
  return position.at === 'SHARD_END';
}

type Place = Pick<CheckpointRow, 'position' | 'lastArrivalMs'> & { readonly shardId: string };

function refusedPreview(place: Place, to: Position | undefined): MovePreview | undefined {
  const { shardId, position: from, lastArrivalMs = 0 } = place;
  if (to === undefined) return undefined;
  // It is not back, or nothing that the shard has handled came later.
  if (comparePositions(to, from) >= 0) return undefined;
  if (to.at === 'AT_TIMESTAMP' && lastArrivalMs < to.timestampMs) return undefined;
  const refusal = isFinished(place) ? FINISHED : NOT_RUNNING;
  return { shardId, kind: 'rewind', from, to, refusal, warnings: [] };
}
