import { AwsError, invalidArgument, notFound } from '../aws-error';
import type { Backend } from '../backend';
import type { JsonObject } from '../json-request';
import {
  missing,
  optionalNumber,
  optionalObject,
  optionalString,
  optionalTimeMs,
  requestedStream,
  requiredString,
} from '../params';
import type { Shard } from '../shard';
import type { Stream } from '../stream';
import { openToken, sealToken } from '../tokens';
import { shardsAfter } from './streams';

const TOKEN_LIFE_MS = 300_000;
/** What NextToken stands for, so AWS refuses it beside the token. */
const EXCLUDED_BY_TOKEN = [
  'StreamName',
  'StreamARN',
  'StreamCreationTimestamp',
  'ExclusiveStartShardId',
  'ShardFilter',
];

interface Listing {
  stream: Stream;
  filter: JsonObject | undefined;
  exclusiveStartShardId: string | undefined;
}

export function listShards(backend: Backend, body: JsonObject): JsonObject {
  const token = optionalString(body, 'NextToken');
  const listing = token === undefined ? firstListing(backend, body) : resumedListing(backend, body, token);
  const maxResults = optionalNumber(body, 'MaxResults') ?? Infinity;
  const pageSize = Math.min(maxResults, backend.listShardsPageSize);
  const selected = select(listing.stream, listing.filter, backend.nowMs());
  const rest = shardsAfter(selected, listing.exclusiveStartShardId);
  const page = rest.slice(0, pageSize);
  const nextToken = rest.length > page.length ? nextTokenAfter(page, listing, backend.nowMs()) : undefined;
  return { Shards: page.map((shard) => shard.describe()), NextToken: nextToken };
}

function firstListing(backend: Backend, body: JsonObject): Listing {
  const stream = requestedStream(backend, body);
  const createdAtMs = optionalTimeMs(body, 'StreamCreationTimestamp');
  if (createdAtMs !== undefined && createdAtMs !== stream.origin.createdAtMs) {
    throw notFound(`Stream ${stream.origin.name} was not created at ${createdAtMs / 1000}.`);
  }
  return {
    stream,
    filter: optionalObject(body, 'ShardFilter'),
    exclusiveStartShardId: optionalString(body, 'ExclusiveStartShardId'),
  };
}

function resumedListing(backend: Backend, body: JsonObject, token: string): Listing {
  const excluded = EXCLUDED_BY_TOKEN.find((name) => body[name] !== undefined && body[name] !== null);
  if (excluded !== undefined) throw invalidArgument(`NextToken and ${excluded} cannot be provided together.`);
  const content = openToken('list-shards', token);
  if (content === undefined) throw invalidArgument('NextToken is invalid.');
  const issuedAtMs = optionalNumber(content, 'issuedAtMs') ?? 0;
  if (backend.nowMs() - issuedAtMs > TOKEN_LIFE_MS) {
    throw new AwsError('ExpiredNextTokenException', 'NextToken has expired after 300 seconds.');
  }
  const stream = backend.stream(requiredString(content, 'stream'));
  if (stream.origin.incarnation !== content['incarnation']) throw invalidArgument('NextToken is invalid.');
  return {
    stream,
    filter: optionalObject(content, 'filter'),
    exclusiveStartShardId: requiredString(content, 'after'),
  };
}

function nextTokenAfter(page: Shard[], listing: Listing, nowMs: number): string {
  const { name, incarnation } = listing.stream.origin;
  const after = page.at(-1)?.shardId;
  return sealToken('list-shards', { stream: name, incarnation, filter: listing.filter, after, issuedAtMs: nowMs });
}

function select(stream: Stream, filter: JsonObject | undefined, nowMs: number): readonly Shard[] {
  if (filter === undefined) return stream.shards;
  const horizonMs = nowMs - stream.retentionMs;
  switch (requiredString(filter, 'Type')) {
    case 'FROM_TRIM_HORIZON':
      return stream.shards;
    case 'AT_TRIM_HORIZON':
      return openAt(stream.shards, Math.max(horizonMs, stream.origin.createdAtMs));
    case 'AT_LATEST':
      return stream.openShards();
    case 'AFTER_SHARD_ID':
      return shardsAfter(stream.shards, requiredString(filter, 'ShardId'));
    case 'AT_TIMESTAMP':
      return openAt(stream.shards, filterTime(filter, nowMs, horizonMs));
    case 'FROM_TIMESTAMP':
      return openSince(stream.shards, filterTime(filter, nowMs, -Infinity));
    default:
      throw invalidArgument(`ShardFilter Type ${String(filter['Type'])} is not supported.`);
  }
}

function filterTime(filter: JsonObject, nowMs: number, earliestMs: number): number {
  const timeMs = optionalTimeMs(filter, 'Timestamp');
  if (timeMs === undefined) throw missing('Timestamp');
  if (timeMs > nowMs) throw invalidArgument('The timestamp of the ShardFilter is in the future.');
  if (timeMs < earliestMs) throw invalidArgument('The timestamp of the ShardFilter is before TRIM_HORIZON.');
  return timeMs;
}

function openAt(shards: readonly Shard[], timeMs: number): Shard[] {
  return openSince(shards, timeMs).filter((shard) => shard.origin.createdAtMs <= timeMs);
}

function openSince(shards: readonly Shard[], timeMs: number): Shard[] {
  return shards.filter((shard) => (shard.closedAtMs ?? Infinity) >= timeMs);
}
