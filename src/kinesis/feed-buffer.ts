import type { Position } from '../core/positions';
import { covers, floorOf } from '../core/read-span';
import type { RawRecord } from './kinesis-port';
import type { ReadResult } from './shard-reader';

/** What a subscription brought and is not known to be committed, in order. Results have numbers from 0 on, which never change. */
export class FeedBuffer {
  private results: ReadResult[] = [];
  /** How many results were dropped before the first one of `results`. */
  private dropped = 0;
  private floor: bigint | undefined;
  /** Of the last record that came. */
  last: bigint | undefined;

  constructor(private readonly origin: Position) {
    this.floor = floorOf(origin);
  }

  /** Whether a slice that begins at this position finds here all that comes after it. */
  canResume(position: Position): boolean {
    const first = this.results.find(({ records }) => records.length > 0)?.records[0];
    const { origin, floor, last } = this;
    return covers({ origin, floor, first: first && BigInt(first.sequenceNumber), last }, position);
  }

  /** Number of the first result that is at hand. */
  get firstAt(): number {
    return this.dropped;
  }

  /** Number of the first result that has not come yet. */
  get endAt(): number {
    return this.dropped + this.results.length;
  }

  /** The result with this number; undefined if it has not come yet. */
  at(number: number): ReadResult | undefined {
    return this.results[number - this.dropped];
  }

  push(result: ReadResult): void {
    this.results.push(result);
  }

  /** Lets go of results before `number` that are committed or empty. The end of the shard is kept: it may be asked for again. */
  trim(number: number, committed: Position): void {
    const through = 'sequenceNumber' in committed ? floorOf(committed) : undefined;
    while (this.dropped < number) {
      const [oldest] = this.results;
      if (oldest === undefined || oldest.end) return;
      const last = lastOf(oldest.records);
      if (last !== undefined && (through === undefined || last > through)) return;
      this.floor = last ?? this.floor;
      this.results.shift();
      this.dropped += 1;
    }
  }

  /** Without what came before: a subscription that goes on at a record repeats it. */
  unread(records: readonly RawRecord[]): readonly RawRecord[] {
    const { last } = this;
    if (last === undefined) return records;
    const from = records.findIndex(({ sequenceNumber }) => BigInt(sequenceNumber) > last);
    return from === 0 ? records : from < 0 ? [] : records.slice(from);
  }
}

export function lastOf(records: readonly RawRecord[]): bigint | undefined {
  const last = records.at(-1);
  return last && BigInt(last.sequenceNumber);
}
