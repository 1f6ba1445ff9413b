import type { RawRecord } from '../kinesis/kinesis-port';

export interface BatchSize {
  readonly maxBatchRecords: number;
  readonly maxBatchBytes: number;
}

/**
 * How much of what waits makes the next batch: not more than its limits, but at least one record. It ends where a record of Kinesis ends:
 * the user records of an aggregate stay together, so one that exceeds the limits makes a larger batch.
 */
export function nextBatch(
  waiting: readonly RawRecord[],
  { maxBatchRecords, maxBatchBytes }: BatchSize,
): { readonly count: number; readonly bytes: number } {
  let taken = { count: 0, bytes: 0 };
  let bytes = 0;
  for (const [index, { data, hasMore }] of waiting.entries()) {
    bytes += data.byteLength;
    const isTooMuch = index + 1 > maxBatchRecords || bytes > maxBatchBytes;
    if (isTooMuch && taken.count > 0) return taken;
    if (!hasMore) taken = { count: index + 1, bytes };
  }
  return taken.count > 0 ? taken : { count: waiting.length, bytes };
}
