import { compareSequenceNumbers, isSequenceNumber, type Position } from './positions';

/** Which record of a shard: one that Kinesis has numbered, or a user record in it. */
export interface RecordPlace {
  readonly sequenceNumber: string;
  /** Index in its aggregate, from 0; left out of a record that is no aggregate. */
  readonly subSequenceNumber?: number;
}

/**
 * A record's name within its shard: `seq`, or `seq.sub` of a user record of an aggregate. This is how texts that persist (a streak, an
 * event, a halt) tell records apart.
 */
export function nameOfRecord({ sequenceNumber, subSequenceNumber }: RecordPlace): string {
  return subSequenceNumber === undefined ? sequenceNumber : `${sequenceNumber}.${subSequenceNumber}`;
}

const NAME = /^(\d{1,128})(?:\.(\d{1,9}))?$/;

/** Undefined of a text that names no record. */
export function parseRecordName(name: string): RecordPlace | undefined {
  const [, sequenceNumber, sub] = NAME.exec(name) ?? [];
  if (sequenceNumber === undefined) return undefined;
  return sub === undefined ? { sequenceNumber } : { sequenceNumber, subSequenceNumber: Number(sub) };
}

export function isRecordName(value: unknown): value is string {
  return isSequenceNumber(value) || (typeof value === 'string' && NAME.test(value));
}

/** Order of two names. A whole record comes after all user records in it: what reaches through it reaches through them. */
export function compareRecordNames(a: string, b: string): number {
  const left = placeOf(a);
  const right = placeOf(b);
  const bySequence = compareSequenceNumbers(left.sequenceNumber, right.sequenceNumber);
  return bySequence || Math.sign(reachOf(left) - reachOf(right));
}

/** Whether two names may mean the same record: equal, or one the whole of which the other is a part. */
export function overlap(a: RecordPlace, b: RecordPlace): boolean {
  if (compareSequenceNumbers(a.sequenceNumber, b.sequenceNumber) !== 0) return false;
  const [left, right] = [a.subSequenceNumber, b.subSequenceNumber];
  return left === undefined || right === undefined || left === right;
}

/** The position at which just this record, and what is before it, is committed. */
export function positionAfterName(name: string): Extract<Position, { at: 'AFTER' }> {
  return { at: 'AFTER', ...placeOf(name) };
}

/** A record as far as the position after it depends on it. */
export interface PlacedRecord extends RecordPlace {
  /** True of a user record behind which another one of the same aggregate is to come. */
  readonly hasMore?: boolean;
}

/** The position after a record. After the last one of an aggregate it is the whole aggregate: no part of it is read again. */
export function positionAfter({ sequenceNumber, subSequenceNumber, hasMore }: PlacedRecord): Position {
  return hasMore && subSequenceNumber !== undefined
    ? { at: 'AFTER', sequenceNumber, subSequenceNumber }
    : { at: 'AFTER', sequenceNumber };
}

/** Whether one of several records is meant by a name. Some of them may be known as wholes only, or as parts of what is now a whole. */
export class RecordNames {
  private readonly names: ReadonlySet<string>;
  private readonly sequenceNumbers: ReadonlySet<string>;

  constructor(names: readonly string[]) {
    this.names = new Set(names);
    this.sequenceNumbers = new Set(names.map((name) => placeOf(name).sequenceNumber));
  }

  has(name: string): boolean {
    if (this.names.has(name)) return true;
    const { sequenceNumber, subSequenceNumber } = placeOf(name);
    return subSequenceNumber === undefined ? this.sequenceNumbers.has(sequenceNumber) : this.names.has(sequenceNumber);
  }
}

function placeOf(name: string): RecordPlace {
  return parseRecordName(name) ?? { sequenceNumber: '0' };
}

function reachOf({ subSequenceNumber }: RecordPlace): number {
  return subSequenceNumber ?? Number.MAX_VALUE;
}
