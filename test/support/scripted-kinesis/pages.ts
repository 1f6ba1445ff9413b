import type { JsonObject } from './json-request';
import { toEpochSeconds } from './params';
import type { Shard, StoredRecord } from './shard';

const MAX_PAGE_BYTES = 10 * 1024 * 1024;

/** As many records as fit, and always one, however large. */
export function takePage(records: readonly StoredRecord[], start: number, limit: number): StoredRecord[] {
  const page: StoredRecord[] = [];
  let bytes = 0;
  for (let index = start; index < records.length && page.length < limit; index += 1) {
    const record = records[index] as StoredRecord;
    bytes += Buffer.byteLength(record.partitionKey) + Buffer.byteLength(record.dataBase64, 'base64');
    if (bytes > MAX_PAGE_BYTES && page.length > 0) break;
    page.push(record);
  }
  return page;
}

export function describeRecord(shard: Shard, record: StoredRecord): JsonObject {
  return {
    SequenceNumber: shard.sequenceNumber(record.ordinal),
    ApproximateArrivalTimestamp: toEpochSeconds(record.arrivalMs),
    Data: record.dataBase64,
    PartitionKey: record.partitionKey,
  };
}

/** Age of the next unread record; zero only when nothing is unread. */
export function millisBehindLatest(nextUnread: StoredRecord | undefined, nowMs: number): number {
  return nextUnread === undefined ? 0 : Math.max(1, nowMs - nextUnread.arrivalMs);
}
