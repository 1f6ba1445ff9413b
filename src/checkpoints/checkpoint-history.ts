import type { HistoryEntry } from '../core/history';
import type { ShardIdentity } from '../core/names';

export interface HistoryQuery {
  /** Entries of this time and later, epoch milliseconds. */
  readonly fromMs?: number;
  readonly toMs?: number;
  /** At most so many, the latest ones. */
  readonly limit?: number;
}

/**
 * Where the history of checkpoints is kept. Appending the same entry again changes nothing. It is written after the commits that it
 * tells of, and is no part of the commit protocol.
 */
export interface CheckpointHistory {
  append(shard: ShardIdentity, entry: HistoryEntry, ttlMs: number): Promise<void>;
  /** As `append`, but an entry that is there stays as it is: false then. */
  restore(shard: ShardIdentity, entry: HistoryEntry, ttlMs: number): Promise<boolean>;
  /** Everything, oldest first, as much at once as one request brings. */
  pages(shard: ShardIdentity): AsyncIterable<readonly HistoryEntry[]>;
  /** Oldest first. */
  list(shard: ShardIdentity, query?: HistoryQuery): Promise<HistoryEntry[]>;
}

/** In memory: for tests and for trying a handler out. */
export class MemoryCheckpointHistory implements CheckpointHistory {
  readonly entries = new Map<string, HistoryEntry[]>();

  async append({ shardId }: ShardIdentity, entry: HistoryEntry): Promise<void> {
    const others = (this.entries.get(shardId) ?? []).filter(({ id }) => id !== entry.id);
    this.entries.set(
      shardId,
      [...others, entry].toSorted((a, b) => a.atMs - b.atMs),
    );
  }

  async restore(shard: ShardIdentity, entry: HistoryEntry): Promise<boolean> {
    if (this.entries.get(shard.shardId)?.some(({ id }) => id === entry.id)) return false;
    await this.append(shard, entry);
    return true;
  }

  async *pages(shard: ShardIdentity): AsyncGenerator<readonly HistoryEntry[]> {
    yield await this.list(shard);
  }

  async list(
    { shardId }: ShardIdentity,
    { fromMs = 0, toMs = Infinity, limit }: HistoryQuery = {},
  ): Promise<HistoryEntry[]> {
    const found = (this.entries.get(shardId) ?? []).filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
    return limit === undefined ? found : found.slice(-limit);
  }
}
