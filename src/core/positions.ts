/**
 * A position in one shard of one stream incarnation: what is committed, and where reading resumes.
 *
 * - `TRIM_HORIZON`: nothing is committed; read the oldest record that retention still has.
 * - `AT_TIMESTAMP`: nothing is committed; read the first record that arrived at or after `timestampMs`.
 * - `FROM`: this record is the next one: where an operator has moved the checkpoint to. Nothing of it is committed.
 * - `AFTER`: everything up to and including this sequence number is committed. With `subSequenceNumber` only the user
 *   records of the aggregate up to and including that index are.
 * - `SHARD_END`: the shard is closed and everything in it is committed.
 */
export type Position =
  | { readonly at: 'TRIM_HORIZON' }
  | { readonly at: 'AT_TIMESTAMP'; readonly timestampMs: number }
  | { readonly at: 'FROM'; readonly sequenceNumber: string }
  | { readonly at: 'AFTER'; readonly sequenceNumber: string; readonly subSequenceNumber?: number }
  | { readonly at: 'SHARD_END' };

export const TRIM_HORIZON: Position = { at: 'TRIM_HORIZON' };
export const SHARD_END: Position = { at: 'SHARD_END' };

const RANK = { TRIM_HORIZON: 0, AT_TIMESTAMP: 1, FROM: 2, AFTER: 2, SHARD_END: 3 } as const;

/** Total order of the positions of one shard: negative if `a` is before `b`, 0 if equal, positive if after. */
export function comparePositions(a: Position, b: Position): number {
  if (a.at === 'AT_TIMESTAMP' && b.at === 'AT_TIMESTAMP') return Math.sign(a.timestampMs - b.timestampMs);
  if ('sequenceNumber' in a && 'sequenceNumber' in b)
    return compareSequenceNumbers(a.sequenceNumber, b.sequenceNumber) || Math.sign(reachOf(a) - reachOf(b));
  return RANK[a.at] - RANK[b.at];
}

/** Order of two sequence numbers. They have up to 56 digits and more, and some endpoints pad with zeros: never text, never number. */
export function compareSequenceNumbers(a: string, b: string): number {
  const left = BigInt(a);
  const right = BigInt(b);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** How much of its record a position covers: `FROM seq` nothing, `AFTER seq` all of it, so more than every `AFTER seq.sub`. */
function reachOf(position: Extract<Position, { sequenceNumber: string }>): number {
  return position.at === 'FROM' ? -1 : (position.subSequenceNumber ?? Number.MAX_VALUE);
}

/** True for a decimal string as Kinesis gives them. */
export function isSequenceNumber(value: unknown): value is string {
  return typeof value === 'string' && /^\d{1,128}$/.test(value);
}

/** Largest distance from the epoch that a Date holds, milliseconds. */
const MAX_TIMESTAMP_MS = 8.64e15;

function isTimestampMs(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= MAX_TIMESTAMP_MS;
}

/** A position from a stored value; undefined if it is not one (a damaged row). */
export function parsePosition(value: unknown): Position | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { at, timestampMs, sequenceNumber, subSequenceNumber } = value as Record<string, unknown>;
  if (at === 'TRIM_HORIZON') return TRIM_HORIZON;
  if (at === 'SHARD_END') return SHARD_END;
  if (at === 'AT_TIMESTAMP' && isTimestampMs(timestampMs)) return { at, timestampMs };
  if (!isSequenceNumber(sequenceNumber)) return undefined;
  if (at === 'FROM') return { at, sequenceNumber };
  return at === 'AFTER' ? parseAfter(sequenceNumber, subSequenceNumber) : undefined;
}

function parseAfter(sequenceNumber: string, subSequenceNumber: unknown): Position | undefined {
  if (subSequenceNumber === undefined) return { at: 'AFTER', sequenceNumber };
  const isIndex =
    typeof subSequenceNumber === 'number' && Number.isInteger(subSequenceNumber) && subSequenceNumber >= 0;
  return isIndex ? { at: 'AFTER', sequenceNumber, subSequenceNumber } : undefined;
}

/** A position as people read it: `TRIM_HORIZON`, `AT 2026-01-01T00:00:00.000Z`, `FROM 4961…8123`, `AFTER 4961…8123`, `SHARD_END`. */
export function describePosition(position: Position): string {
  switch (position.at) {
    case 'TRIM_HORIZON':
    case 'SHARD_END':
      return position.at;
    case 'AT_TIMESTAMP':
      return `AT ${new Date(position.timestampMs).toISOString()}`;
    case 'FROM':
      return `FROM ${position.sequenceNumber}`;
    case 'AFTER':
      return `AFTER ${position.sequenceNumber}${position.subSequenceNumber === undefined ? '' : `.${position.subSequenceNumber}`}`;
  }
}
