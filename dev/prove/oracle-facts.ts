import type { Position } from '../../src/core/positions';
import type { Signal } from './journal-entries';

/** One record of a shard, acknowledged or seen by a handler. `shardId` and `sequence` are its identity. */
export interface RecordFacts {
  readonly shardId: string;
  readonly sequence: bigint;
  readonly id: string;
  readonly key: string;
  readonly counter: number;
  acknowledged: boolean;
  handlings: number;
  /** Time of the first and the last handling; Infinity and -Infinity while there is none. */
  firstHandled: number;
  lastHandled: number;
  /** Place among the known records of the shard, 0 is the oldest. */
  index: number;
}

export interface Handling {
  readonly record: RecordFacts;
  readonly time: number;
}

/**
 * A claim or commit that succeeded. `fromCount` and `toCount` are its positions by `countCovered`, equal for a claim.
 * It took effect between `sent` and `done`.
 */
export interface WriteFacts {
  readonly isClaim: boolean;
  readonly shardId: string;
  readonly from: Position;
  readonly to: Position;
  fromCount: number;
  toCount: number;
  /** That of the row; from each loss of rows on, the first new chain of tokens begins higher ones, as a rewind does. */
  generation: number;
  readonly token: string;
  readonly previousToken: string | null;
  readonly slice: SliceFacts;
  readonly sent: number;
  readonly done: number;
}

/** One execution of the activity on one worker, in the order of its own clock. */
export interface SliceFacts {
  readonly name: string;
  readonly worker: string;
  readonly handlings: Handling[];
  readonly writes: WriteFacts[];
  readonly refusals: number[];
}

export interface ShardFacts {
  readonly shardId: string;
  /** From its `shard` entry; undefined if there was none. */
  parents?: readonly string[];
  readonly bySequence: Map<string, RecordFacts>;
  /** In shard order. */
  records: RecordFacts[];
  readonly slices: Map<string, SliceFacts>;
  readonly writes: WriteFacts[];
}

export interface KillFacts {
  readonly worker: string;
  readonly signal: Signal;
  readonly time: number;
}

export interface RunFacts {
  readonly shards: Map<string, ShardFacts>;
  /** Acknowledged records by id. */
  readonly acknowledged: Map<string, RecordFacts>;
  /** Records whose fate the producer did not know when it wrote them down, by id. */
  readonly unknown: Map<string, { readonly key: string; readonly counter: number }>;
  /** Faults only: SIGCONT is none. */
  readonly kills: KillFacts[];
  /** When rows began to be lost, and when they were. */
  readonly losses: number[];
}

/** A record as named in a sentence. */
export function describeRecord(record: RecordFacts): string {
  return `record ${record.id} (key ${record.key}, counter ${record.counter}, ${record.shardId} ${record.sequence})`;
}

/** An execution as named in a sentence. */
export function describeSlice(slice: SliceFacts): string {
  return `${slice.name} on ${slice.worker}`;
}

/**
 * A position as a number in shard order: how many known records it covers. A position between two known records counts
 * those before it; SHARD_END stands one beyond the last record.
 */
export function countCovered(shard: ShardFacts, position: Position): number {
  if (position.at === 'SHARD_END') return shard.records.length + 1;
  if (position.at !== 'AFTER') return 0;
  const sequence = BigInt(position.sequenceNumber);
  let low = 0;
  let high = shard.records.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((shard.records[middle] as RecordFacts).sequence <= sequence) low = middle + 1;
    else high = middle;
  }
  return low;
}
