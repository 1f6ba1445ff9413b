/** The range of a replay: which records are in it, and when it is over: pure. */
import { compareSequenceNumbers, describePosition, type Position } from './positions';

/** With which record a replay begins. */
export type ReplayStart = Extract<Position, { readonly at: 'TRIM_HORIZON' | 'AT_TIMESTAMP' | 'FROM' }>;

/** With which record a replay ends: the last one that had arrived by a time, or the named one, both included. */
export type ReplayEnd =
  | { readonly at: 'AT_TIMESTAMP'; readonly timestampMs: number }
  | { readonly at: 'AFTER'; readonly sequenceNumber: string };

/** Both ends are included. Sequence numbers are of one shard. */
export interface ReplayRange {
  readonly from: ReplayStart;
  readonly to: ReplayEnd;
}

export interface PlacedRecord {
  readonly sequenceNumber: string;
  /** Epoch milliseconds. */
  readonly arrivalMs: number;
  /** True of a user record behind which another one of the same aggregate is to come. */
  readonly hasMore?: boolean;
}

/** Arrival times are approximate and need not rise from record to record: reading goes on for so long behind the end of a range. */
export const ARRIVAL_SLACK_MS = 1_000;

/**
 * Where a record stands. `behind`: it is not in the range, but one that follows may be. `over`: neither it nor what follows is.
 */
export function placeInRange(record: PlacedRecord, range: ReplayRange): 'before' | 'inside' | 'behind' | 'over' {
  if (isBefore(record, range.from)) return 'before';
  const { to } = range;
  if (to.at === 'AFTER')
    return compareSequenceNumbers(record.sequenceNumber, to.sequenceNumber) > 0 ? 'over' : 'inside';
  if (record.arrivalMs <= to.timestampMs) return 'inside';
  return record.arrivalMs > to.timestampMs + ARRIVAL_SLACK_MS ? 'over' : 'behind';
}

function isBefore({ sequenceNumber, arrivalMs }: PlacedRecord, from: ReplayStart): boolean {
  if (from.at === 'FROM') return compareSequenceNumbers(sequenceNumber, from.sequenceNumber) < 0;
  return from.at === 'AT_TIMESTAMP' && arrivalMs < from.timestampMs;
}

/** The records of a batch that are in the range, and whether nothing behind the batch is. */
export function selectInRange<T extends PlacedRecord>(
  records: readonly T[],
  range: ReplayRange,
): { readonly inside: readonly T[]; readonly isOver: boolean } {
  const inside: T[] = [];
  for (const record of records) {
    const place = placeInRange(record, range);
    if (place === 'over') return { inside, isOver: true };
    if (place === 'inside') inside.push(record);
  }
  const last = records.at(-1);
  const { to } = range;
  const isLast = to.at === 'AFTER' && last !== undefined && !last.hasMore && isAt(last, to.sequenceNumber);
  return { inside, isOver: isLast };
}

function isAt({ sequenceNumber }: PlacedRecord, named: string): boolean {
  return compareSequenceNumbers(sequenceNumber, named) === 0;
}

/**
 * Whether an open shard that has nothing more is done: everything that had arrived by `caughtUpAtMs` was read. A sequence number that
 * is not there by now is not waited for.
 */
export function isCaughtUpWith(to: ReplayEnd, caughtUpAtMs: number | undefined): boolean {
  if (caughtUpAtMs === undefined) return false;
  return to.at === 'AFTER' || caughtUpAtMs > to.timestampMs + ARRIVAL_SLACK_MS;
}

/** Why a range makes no sense; undefined if it does. */
export function problemOfRange({ from, to }: ReplayRange, nowMs: number): string | undefined {
  if (to.at === 'AT_TIMESTAMP' && to.timestampMs > nowMs + ARRIVAL_SLACK_MS)
    return 'The end of the range is still to come';
  if (from.at === 'AT_TIMESTAMP' && to.at === 'AT_TIMESTAMP' && from.timestampMs > to.timestampMs)
    return 'The range begins after its end';
  if (from.at === 'FROM' && to.at === 'AFTER' && compareSequenceNumbers(from.sequenceNumber, to.sequenceNumber) > 0)
    return 'The range begins after its end';
  return undefined;
}

/** Whether a range names a record, and so is of one shard. */
export function isOfOneShard({ from, to }: ReplayRange): boolean {
  return from.at === 'FROM' || to.at === 'AFTER';
}

/** A range in words. */
export function describeRange({ from, to }: ReplayRange): string {
  const end = to.at === 'AFTER' ? to.sequenceNumber : new Date(to.timestampMs).toISOString();
  const start =
    from.at === 'AT_TIMESTAMP'
      ? new Date(from.timestampMs).toISOString()
      : from.at === 'FROM'
        ? from.sequenceNumber
        : describePosition(from);
  return `${start} to ${end}`;
}
