import type { Position } from './positions';

/** What was read without a gap, and is still at hand: everything after `floor`, or since `origin` where no sequence number says where that is. */
export interface ReadSpan {
  /** Where reading began. */
  readonly origin: Position;
  /** Undefined as long as nothing has a number. */
  readonly floor?: bigint;
  /** Of the first record that is at hand. */
  readonly first?: bigint;
  /** Of the last record that was read. */
  readonly last?: bigint;
}

/** The sequence number up to which nothing is needed when reading resumes at a position; undefined where the position has none. */
export function floorOf(position: Position): bigint | undefined {
  if (!('sequenceNumber' in position)) return undefined;
  const isWhole = position.at === 'AFTER' && position.subSequenceNumber === undefined;
  return BigInt(position.sequenceNumber) - (isWhole ? 0n : 1n);
}

/** Whether reading can resume at a position with what is at hand and what comes after it, and nothing is missed. */
export function covers(span: ReadSpan, position: Position): boolean {
  const from = floorOf(position);
  if (from === undefined) return span.floor === undefined && isSame(span.origin, position);
  const end = span.last ?? span.floor;
  if (end === undefined || from > end) return false;
  if (span.floor !== undefined) return from >= span.floor;
  return span.first !== undefined && from >= span.first - 1n;
}

function isSame(a: Position, b: Position): boolean {
  if (a.at === 'AT_TIMESTAMP' && b.at === 'AT_TIMESTAMP') return a.timestampMs === b.timestampMs;
  return a.at === b.at;
}
