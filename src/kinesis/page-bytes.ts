import type { Page, RawRecord } from './kinesis-port';

/** Largest answer of GetRecords: 10 MB of records (AWS quotas). */
export const LARGEST_PAGE_BYTES = 10 * 1_024 * 1_024;
/** A page at the tip is small until the first burst. */
const SMALLEST_EXPECTED_BYTES = 256 * 1_024;
/** Objects and strings of a record beside its payload, about. */
const RECORD_OVERHEAD_BYTES = 400;

/** Payloads of records, bytes. */
export function dataBytesOf(records: readonly RawRecord[]): number {
  let bytes = 0;
  for (const { data } of records) bytes += data.byteLength;
  return bytes;
}

export interface PageSize {
  /** What counts against a shard's read limit: payloads and partition keys. */
  readonly readBytes: number;
  /** What the records take of the process's memory, about. */
  readonly memoryBytes: number;
}

export function sizeOf({ records, memory }: Pick<Page, 'records' | 'memory'>): PageSize {
  const dataBytes = dataBytesOf(records);
  let keyBytes = 0;
  for (const { partitionKey } of records) keyBytes += partitionKey.length;
  const heldBytes = Math.max(dataBytes, memory?.bytes ?? 0);
  return { readBytes: dataBytes + keyBytes, memoryBytes: heldBytes + records.length * RECORD_OVERHEAD_BYTES };
}

/** While an answer is under way: its chunks, all of it in one piece, and the records that are decoded from it. */
const DECODING_SHARE = 4;
export const LARGEST_ANSWER_BYTES = LARGEST_PAGE_BYTES * DECODING_SHARE;

/** How much room to ask for before the page after one of `bytes`: behind the tip it may be as large as pages get. */
export function expectedBytes(bytes: number, millisBehindLatest: number): number {
  if (millisBehindLatest > 0) return LARGEST_ANSWER_BYTES;
  return DECODING_SHARE * Math.min(LARGEST_PAGE_BYTES, Math.max(SMALLEST_EXPECTED_BYTES, bytes * 4));
}
