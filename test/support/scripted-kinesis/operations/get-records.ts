import { invalidArgument } from '../aws-error';
import type { Backend } from '../backend';
import { openIterator, sealIterator, type IteratorPosition } from '../iterators';
import type { JsonObject } from '../json-request';
import { optionalNumber, requiredString, toEpochSeconds } from '../params';
import type { Shard, StoredRecord } from '../shard';

const MAX_PAGE_RECORDS = 10_000;
const MAX_PAGE_BYTES = 10 * 1024 * 1024;

export function getRecords(backend: Backend, body: JsonObject): JsonObject {
  const position = openIterator(backend, requiredString(body, 'ShardIterator'));
  const limit = optionalNumber(body, 'Limit') ?? MAX_PAGE_RECORDS;
  if (limit < 1 || limit > MAX_PAGE_RECORDS) {
    throw invalidArgument(`Limit must be between 1 and ${MAX_PAGE_RECORDS}, got ${limit}.`);
  }
  const start = position.shard.indexFrom(position.fromOrdinal);
  const page = takePage(position.shard.records, start, limit);
  const nextUnread = position.shard.records[start + page.length];
  return {
    Records: page.map((record) => describeRecord(position.shard, record)),
    MillisBehindLatest: millisBehindLatest(nextUnread, backend.nowMs()),
    ...whatFollows(backend, position, page, nextUnread),
  };
}

/** As many records as fit, and always one, however large. */
function takePage(records: readonly StoredRecord[], start: number, limit: number): StoredRecord[] {
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

function describeRecord(shard: Shard, record: StoredRecord): JsonObject {
  return {
    SequenceNumber: shard.sequenceNumber(record.ordinal),
    ApproximateArrivalTimestamp: toEpochSeconds(record.arrivalMs),
    Data: record.dataBase64,
    PartitionKey: record.partitionKey,
  };
}

/** Age of the next unread record; zero only when nothing is unread. */
function millisBehindLatest(nextUnread: StoredRecord | undefined, nowMs: number): number {
  return nextUnread === undefined ? 0 : Math.max(1, nowMs - nextUnread.arrivalMs);
}

function whatFollows(
  backend: Backend,
  { stream, shard, fromOrdinal }: IteratorPosition,
  page: StoredRecord[],
  nextUnread: StoredRecord | undefined,
): JsonObject {
  const mayEnd = page.length === 0 || backend.shardEndWithRecords;
  if (!shard.isOpen && nextUnread === undefined && mayEnd) {
    const children = stream.childrenOf(shard.shardId);
    return { NextShardIterator: null, ChildShards: children.map((child) => child.describeAsChild()) };
  }
  const lastRead = page.at(-1);
  const nextOrdinal = lastRead === undefined ? fromOrdinal : lastRead.ordinal + 1;
  return { NextShardIterator: sealIterator(stream, shard, nextOrdinal, backend.nowMs()) };
}
