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
  let takenCount = 0;
  let takenBytes = 0;
  let count = 0;
  let bytes = 0;
  for (const { data, hasMore } of waiting) {
    count += 1;
    bytes += data.byteLength;
    const isTooMuch = count > maxBatchRecords || bytes > maxBatchBytes;
    if (isTooMuch && takenCount > 0) break;
    if (hasMore) continue;
    takenCount = count;
    takenBytes = bytes;
  }
  return takenCount > 0 ? { count: takenCount, bytes: takenBytes } : { count, bytes };
}
