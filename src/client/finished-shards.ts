import type { CheckpointStore } from '../checkpoints/checkpoint-store';
import type { CheckpointRow } from '../core/checkpoint';
import type { StreamIncarnation } from '../core/names';
import type { ShardStatus } from '../core/shard-work';
import type { MovePreview } from './move-preview';
import type { MoveQuery } from './move-query';

/** Finished shards that a way back would concern: what is in them would not be handled again. Some may have been finished while others were asked. */
export async function finishedOnes(
  { store }: { readonly store: Pick<CheckpointStore, 'listKnownShards' | 'readMany'> },
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
