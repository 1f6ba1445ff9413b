/** What changed in the history of a checkpoint between the ends of two entries: pure. */
import { TidemarkError } from './errors';
import type { HistoryEntry } from './history';
import { comparePositions, type Position } from './positions';
import type { ShardEvent } from './shard-work';

/** Where the checkpoint stood when an entry was written. */
export interface Revision {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly atMs: number;
  readonly position: Position;
  readonly generation: number;
  /** All records of the shard so far. */
  readonly totalRecords: number;
  readonly worker: string;
  readonly runId: string;
  readonly attempt: number;
}

export type HistoryMove = Pick<HistoryEntry, 'id' | 'atMs' | 'from' | 'to'> & NonNullable<HistoryEntry['move']>;

export interface HistoryDiff {
  /** The earlier one, in whatever order they were named. */
  readonly from: Revision;
  readonly to: Revision;
  /** Which way the position has gone. */
  readonly direction: 'forward' | 'back' | 'same';
  /** Entries after the earlier one, up to the later one. */
  readonly entries: number;
  /** Counts of these entries. */
  readonly records: number;
  readonly batches: number;
  readonly filtered: number;
  readonly deadLettered: number;
  /** Workers of these entries, in the order of their first. */
  readonly workers: readonly string[];
  readonly moves: readonly HistoryMove[];
  /** What happened in between, oldest first. */
  readonly events: readonly ShardEvent[];
}

/**
 * @param entries oldest first
 * @throws `INVALID_OPTION` that names the revision which is not among them
 */
export function diffHistory(entries: readonly HistoryEntry[], a: string, b: string): HistoryDiff {
  const [first, last] = [indexOf(entries, a), indexOf(entries, b)].toSorted((x, y) => x - y) as [number, number];
  const between = entries.slice(first + 1, last + 1);
  const [from, to] = [toRevision(entries[first] as HistoryEntry), toRevision(entries[last] as HistoryEntry)];
  const order = comparePositions(to.position, from.position);
  const sum = (count: (entry: HistoryEntry) => number | undefined): number =>
    between.reduce((total, entry) => total + (count(entry) ?? 0), 0);
  return {
    from,
    to,
    direction: order === 0 ? 'same' : order > 0 ? 'forward' : 'back',
    entries: between.length,
    records: sum(({ records }) => records),
    batches: sum(({ batches }) => batches),
    filtered: sum(({ filtered }) => filtered),
    deadLettered: sum(({ deadLettered }) => deadLettered),
    workers: [...new Set(between.map(({ worker }) => worker))],
    moves: between.flatMap(({ id, atMs, from: start, to: end, move }) =>
      move ? [{ id, atMs, from: start, to: end, ...move }] : [],
    ),
    events: between.flatMap(({ events }) => events),
  };
}

function indexOf(entries: readonly HistoryEntry[], id: string): number {
  const index = entries.findIndex((entry) => entry.id === id);
  if (index >= 0) return index;
  const [oldest, newest] = [entries[0], entries.at(-1)];
  const range = oldest && newest ? `It goes from ${oldest.id} to ${newest.id}.` : 'It is empty.';
  throw new TidemarkError('INVALID_OPTION', `The history of the shard has no entry ${id}`, {
    hint: `${range} \`npx tidemark history\` lists the entries; they are kept for historyTtlMs.`,
  });
}

function toRevision({ id, atMs, to, generation, totalRecords, worker, runId, attempt }: HistoryEntry): Revision {
  return { id, atMs, position: to, generation, totalRecords, worker, runId, attempt };
}
