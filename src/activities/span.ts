import type { Trial } from '../core/failure-policy';
import type { RecordOutcomes } from '../core/outcome';
import type { Position } from '../core/positions';
import { nameOfRecord } from '../core/record-name';
import type { Progress } from '../core/shard-work';
import type { SpanChoice } from '../core/span';
import type { RawRecord } from '../kinesis/kinesis-port';
import { dataBytesOf } from '../kinesis/page-bytes';
import type { Next } from './batch-source';

export type BatchOffer = Extract<Next, { kind: 'batch' }>;

/** What a commit covers of a span, by indexes of its records. */
export interface Piece {
  readonly from: number;
  /** Behind its last record. */
  readonly to: number;
  readonly filtered: readonly number[];
  readonly letters: number;
}

/** The beginning of a batch that is settled together. Some of its records may have been handled before; the others are offered. */
export class Span {
  readonly records: readonly RawRecord[];
  readonly offered: readonly number[];
  readonly offeredRecords: readonly RawRecord[];
  /** Records that are due but not offered, because their partition key is parked. */
  readonly diverted: readonly number[];

  constructor(
    readonly offer: BatchOffer,
    { length, offered }: SpanChoice,
    isParked?: (partitionKey: string) => boolean,
  ) {
    this.records = length === offer.records.length ? offer.records : offer.records.slice(0, length);
    const isDiverted = (index: number): boolean => isParked?.(this.records[index]?.partitionKey ?? '') ?? false;
    this.diverted = isParked ? offered.filter(isDiverted) : [];
    this.offered = this.diverted.length === 0 ? offered : offered.filter((index) => !isDiverted(index));
    const isAll = this.offered.length === this.records.length;
    this.offeredRecords = isAll ? this.records : this.offered.flatMap((index) => this.records[index] ?? []);
  }

  /** All of a batch of which nothing is known yet. */
  static whole(offer: BatchOffer): Span {
    const { length } = offer.records;
    const offered: number[] = [];
    for (let index = 0; index < length; index += 1) offered.push(index);
    return new Span(offer, { length, offered });
  }

  /** Name of a record: `seq`, or `seq.sub` of a user record of an aggregate. */
  nameAt(index: number): string {
    const record = this.records[index];
    return record ? nameOfRecord(record) : '';
  }

  /** Name of the last record. */
  get through(): string {
    return this.nameAt(this.records.length - 1);
  }

  /** The offered records as the failure policy sees them. */
  trial(position: Position): Trial {
    const arrivals = this.offeredRecords.map(({ arrivalMs }) => arrivalMs);
    return {
      position,
      through: this.through,
      records: this.offered.length,
      oldestArrivalMs: arrivals.reduce((oldest, arrivalMs) => Math.min(oldest, arrivalMs), Infinity),
    };
  }

  /** Outcomes by index of the span instead of the offered records. */
  fromOffered({ filtered, rejected, failed, unhandled }: RecordOutcomes): RecordOutcomes {
    const at = (index: number): number => this.offered[index] ?? 0;
    return {
      filtered: filtered.map(at),
      rejected: rejected.map(({ index, error }) => ({ index: at(index), error })),
      failed: failed.map(({ index, error }) => ({ index: at(index), error })),
      unhandled: unhandled.map(at),
    };
  }

  /** Records that were due, offered or diverted. */
  dueBetween(from: number, to: number): number {
    if (this.offered.length + this.diverted.length === this.records.length) return to - from;
    return [...this.offered, ...this.diverted].filter((index) => index >= from && index < to).length;
  }

  progressAfter(before: Progress, { from, to, filtered, letters }: Piece): Progress {
    const { totals } = before;
    const isAll = from === 0 && to === this.offer.records.length;
    const covered = isAll ? this.records : this.records.slice(from, to);
    const skipped = filtered.filter((index) => index >= from && index < to).length;
    const { caughtUpAtMs } = this.offer;
    return {
      ...before,
      // A shard is caught up once everything that was offered is committed, and not before.
      ...(to === this.offer.records.length && caughtUpAtMs !== undefined ? { caughtUpAtMs } : {}),
      totals: {
        records: totals.records + covered.length,
        bytes: totals.bytes + (isAll ? this.offer.bytes : dataBytesOf(covered)),
        batches: totals.batches + 1,
        ...counted('filtered', totals.filtered, skipped),
        ...counted('deadLettered', totals.deadLettered, letters),
      },
      lastArrivalMs: covered.at(-1)?.arrivalMs ?? before.lastArrivalMs,
    };
  }
}

function counted<K extends string>(name: K, before: number | undefined, more: number): { readonly [P in K]?: number } {
  return before === undefined && more === 0 ? {} : ({ [name]: (before ?? 0) + more } as { readonly [P in K]?: number });
}

const NOBODY = { sequenceNumber: 'none' };

/** Records for people: how many, which. */
export function describeRange(records: readonly RawRecord[]): string {
  const [first = NOBODY] = records;
  if (records.length === 1) return `record ${nameOfRecord(first)}`;
  return `${records.length} records, ${nameOfRecord(first)} to ${nameOfRecord(records.at(-1) ?? NOBODY)}`;
}
