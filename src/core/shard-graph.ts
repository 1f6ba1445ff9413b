/** A shard as ListShards describes it. */
export interface Shard {
  readonly shardId: string;
  readonly parentShardId?: string;
  /** Second parent of a shard that a merge made. */
  readonly adjacentParentShardId?: string;
  /** Smallest and largest hash key, decimal strings. */
  readonly startingHashKey?: string;
  readonly endingHashKey?: string;
  /** True once the shard takes no more records (it has an ending sequence number). */
  readonly isClosed: boolean;
}

export function parentsOf(shard: Shard): string[] {
  return [shard.parentShardId, shard.adjacentParentShardId].filter((id): id is string => id !== undefined);
}

export function childrenOf(shardId: string, shards: readonly Shard[]): Shard[] {
  return shards.filter((shard) => parentsOf(shard).includes(shardId));
}

/** What this consumer has recorded of a shard: `known` means registered and not finished, `finished` means at SHARD_END. */
export type ShardProgress = 'known' | 'finished';

export interface ShardPlan {
  /** Shards to read now, parents before children. */
  readonly start: readonly Shard[];
  /** Shards that wait, and for which parents. */
  readonly waiting: readonly { readonly shardId: string; readonly forParents: readonly string[] }[];
  /** Shards recorded as unfinished that the stream no longer lists: retention took what they still held. */
  readonly expired: readonly string[];
}

/**
 * Which shards may be read now: those whose parents are all finished.
 *
 * A parent that the stream no longer lists cannot be waited for: either it aged out before this consumer knew of it, or it is
 * reported as expired. `listed` must hold every page of ListShards: a partial list must never be planned upon.
 */
export function planShards(listed: readonly Shard[], progress: ReadonlyMap<string, ShardProgress>): ShardPlan {
  const listedIds = new Set(listed.map(({ shardId }) => shardId));
  const start: Shard[] = [];
  const waiting: { shardId: string; forParents: string[] }[] = [];
  for (const shard of parentsFirst(listed)) {
    if (progress.get(shard.shardId) === 'finished') continue;
    const forParents = parentsOf(shard).filter((id) => listedIds.has(id) && progress.get(id) !== 'finished');
    if (forParents.length > 0) waiting.push({ shardId: shard.shardId, forParents });
    else start.push(shard);
  }
  const expired = [...progress].filter(([id, state]) => state === 'known' && !listedIds.has(id)).map(([id]) => id);
  return { start, waiting, expired };
}

/** Topological order, stable; ids in a (never seen, but possible) cycle come last instead of looping. */
export function parentsFirst(shards: readonly Shard[]): Shard[] {
  const waitingFor = new Map<string, number>();
  const byParent = new Map<string, Shard[]>();
  const ids = new Set(shards.map(({ shardId }) => shardId));
  for (const shard of shards) {
    const parents = parentsOf(shard).filter((parent) => ids.has(parent));
    waitingFor.set(shard.shardId, parents.length);
    for (const parent of parents) {
      const children = byParent.get(parent) ?? [];
      children.push(shard);
      byParent.set(parent, children);
    }
  }
  const ordered = shards.filter(({ shardId }) => waitingFor.get(shardId) === 0);
  for (const shard of ordered) {
    for (const child of byParent.get(shard.shardId) ?? []) {
      const left = (waitingFor.get(child.shardId) ?? 0) - 1;
      waitingFor.set(child.shardId, left);
      if (left === 0) ordered.push(child);
    }
  }
  const placed = new Set(ordered);
  return [...ordered, ...shards.filter((shard) => !placed.has(shard))];
}
