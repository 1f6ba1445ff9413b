import { TidemarkError } from '../core/errors';
import { decodeBase64 } from './base64';
import { CborNames } from './cbor-names';
import { CborReader } from './cbor-reader';
import type { ChildShard, Page, RawRecord } from './kinesis-port';
import { noteViews } from './page-views';

const PAGE = new CborNames('Records', 'NextShardIterator', 'MillisBehindLatest', 'ChildShards');
const RECORD = new CborNames('SequenceNumber', 'ApproximateArrivalTimestamp', 'Data', 'PartitionKey');
const CHILD = new CborNames('ShardId', 'ParentShards');

/** Epoch seconds up to the year 5138, milliseconds from 1973 on. */
const SMALLEST_MS = 1e11;

/**
 * A page out of the bytes of its answer in CBOR, `application/x-amz-cbor-1.1`, piece by piece as they were received. Each record's `data` is a
 * view of a piece, or of a copy if it lies in more than one; the memory of the pieces must be the page's own. AWS sends payloads as byte strings and
 * times as tagged milliseconds; emulators send base64 texts and seconds, too.
 *
 * @throws `INVALID_ANSWER`
 */
export function decodeCborPage(parts: readonly Buffer[]): Page {
  const reader = new CborReader(parts);
  let records: RawRecord[] = [];
  let childShards: ChildShard[] = [];
  let nextIterator: string | undefined;
  let millisBehindLatest = 0;
  let left = reader.whole(openMap);
  for (; reader.whole(() => reader.hasMore(left)); left -= 1) {
    const field = reader.whole(() => reader.nameAmong(PAGE, 0));
    if (reader.whole(() => reader.takeNothing())) continue;
    if (field === 0) records = readRecords(reader);
    else if (field === 1) nextIterator = reader.whole(() => reader.text()) || undefined;
    else if (field === 2)
      millisBehindLatest = finite(
        reader.whole(() => reader.number()),
        'MillisBehindLatest',
      );
    else if (field === 3) childShards = reader.whole(() => readList(reader, readChild));
    else reader.whole(() => reader.skip());
  }
  reader.finish();
  return { records, nextIterator, millisBehindLatest, childShards };
}

function openMap(reader: CborReader): number {
  return reader.openMap();
}

/** One by one: each may begin in one piece and end in another. */
function readRecords(reader: CborReader): RawRecord[] {
  const records: RawRecord[] = [];
  let left = reader.whole(() => reader.openList());
  const hasMore = (): boolean => reader.hasMore(left);
  let { piece } = reader;
  let views = 0;
  for (; reader.whole(hasMore); left -= 1) {
    const record = reader.whole(readRecord);
    records.push(record);
    if (reader.piece !== piece) {
      noteViews(piece, views);
      ({ piece } = reader);
      views = 0;
    }
    if (record.data.byteLength > 0) views += 1;
  }
  noteViews(piece, views);
  return records;
}

function readList<T>(reader: CborReader, read: (reader: CborReader) => T): T[] {
  const list: T[] = [];
  for (let left = reader.openList(); reader.hasMore(left); left -= 1) list.push(read(reader));
  return list;
}

function readRecord(reader: CborReader): RawRecord {
  let sequenceNumber: string | undefined;
  let partitionKey: string | undefined;
  let data: Buffer | undefined;
  let arrivalMs: number | undefined;
  let field = -1;
  for (let left = reader.openMap(); reader.hasMore(left); left -= 1) {
    field = reader.nameAmong(RECORD, field + 1);
    if (reader.takeNothing()) continue;
    if (field === 0) sequenceNumber = reader.text();
    else if (field === 1) arrivalMs = toEpochMs(finite(reader.number(), 'ApproximateArrivalTimestamp'));
    else if (field === 2) data = reader.bytesOr(payloadOf);
    else if (field === 3) partitionKey = reader.text();
    else reader.skip();
  }
  if (sequenceNumber === undefined || partitionKey === undefined || data === undefined)
    throw new TidemarkError('INVALID_ANSWER', 'Kinesis answered GetRecords with a record that lacks a field');
  // A record without a time counts as new: an old one would be taken for lost to retention.
  return { sequenceNumber, partitionKey, data, arrivalMs: arrivalMs ?? Date.now() };
}

function readChild(reader: CborReader): ChildShard {
  let shardId: string | undefined;
  let parentShardIds: string[] = [];
  for (let left = reader.openMap(); reader.hasMore(left); left -= 1) {
    const field = reader.nameAmong(CHILD, 0);
    if (reader.takeNothing()) continue;
    if (field === 0) shardId = reader.text();
    else if (field === 1) parentShardIds = readList(reader, (items) => items.text());
    else reader.skip();
  }
  if (shardId !== undefined) return { shardId, parentShardIds };
  throw new TidemarkError('INVALID_ANSWER', 'Kinesis answered GetRecords without ChildShards');
}

function payloadOf(text: string): Buffer {
  const payload = decodeBase64(text);
  if (payload) return payload;
  throw new TidemarkError('INVALID_ANSWER', 'Kinesis answered GetRecords with a payload that is not base64');
}

function toEpochMs(time: number): number {
  return Math.round(Math.abs(time) < SMALLEST_MS ? time * 1_000 : time);
}

function finite(value: number, field: string): number {
  if (Number.isFinite(value)) return value;
  throw new TidemarkError('INVALID_ANSWER', `Kinesis answered GetRecords with ${field} that is no number`);
}
