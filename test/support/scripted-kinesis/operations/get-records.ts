import { invalidArgument } from '../aws-error';
import type { Backend } from '../backend';
import { openIterator, sealIterator, type IteratorPosition } from '../iterators';
import type { JsonObject } from '../json-request';
import { describeRecord, millisBehindLatest, takePage } from '../pages';
import { optionalNumber, requiredString } from '../params';
import type { StoredRecord } from '../shard';

const MAX_PAGE_RECORDS = 10_000;

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
