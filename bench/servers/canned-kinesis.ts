/** A Kinesis stream of fixed content, answered from memory: so fast that its client is what a benchmark measures. */
import { LOCAL_ACCOUNT_ID, LOCAL_REGION } from '../../dev/stack/pins';
import { startJsonServer } from '../../test/support/scripted-kinesis/json-server';
import { asksForCbor, CBOR_TYPE, decodeCborRequest, encodeCbor } from '../../test/support/scripted-kinesis/cbor';
import {
  jsonReply,
  type JsonObject,
  type JsonReply,
  type JsonRequest,
} from '../../test/support/scripted-kinesis/json-request';
import { AwsError } from '../../test/support/scripted-kinesis/aws-error';
import type { ServerOrder } from '../programs/messages';
import { obeyParent, readOrder, tellParent } from '../programs/parent';
import { emulatorCertificate } from './certificate';
import { CannedPages, ordinalAfter, sequenceNumber } from './canned-pages';

const { shards = 4, recordsPerShard = 10_000, recordBytes = 1_024, tls = false } = readOrder<ServerOrder>();
const createdAtSeconds = Math.floor(Date.now() / 1_000) - 3_600;
const pages = new CannedPages(recordBytes);

const operations: Record<string, (body: JsonObject, request: JsonRequest) => JsonReply> = {
  DescribeStreamSummary: (body) => jsonReply(200, { StreamDescriptionSummary: describe(streamNameOf(body)) }),
  ListShards: () => jsonReply(200, { Shards: Array.from({ length: shards }, (_, index) => shard(index)) }),
  GetShardIterator: (body) =>
    jsonReply(200, { ShardIterator: iterator(shardIndex(String(body.ShardId)), firstOrdinal(body)) }),
  GetRecords: getRecords,
};

function getRecords(body: JsonObject, request: JsonRequest): JsonReply {
  const isCbor = asksForCbor(request);
  const { ShardIterator, Limit } = isCbor ? decodeCborRequest(request.bytes) : body;
  const [index = 0, first = 0] = String(ShardIterator).split(':').map(Number);
  const count = Math.min(typeof Limit === 'number' ? Limit : 10_000, 10_000, recordsPerShard - first);
  const MillisBehindLatest = first + count < recordsPerShard ? 60_000 : 0;
  const head = { MillisBehindLatest, NextShardIterator: iterator(index, first + count), Records: [] };
  const records = count > 0 ? pages.records(isCbor ? 'cbor' : 'json', index, { first, count }) : EMPTY;
  return isCbor ? cborPage(head, records, count) : jsonPage(head, records);
}

const EMPTY = Buffer.alloc(0);

function jsonPage(head: JsonObject, records: Buffer): JsonReply {
  const reply = jsonReply(200, head);
  return { ...reply, body: Buffer.concat([reply.body.subarray(0, -2), records, Buffer.from(']}')]) };
}

/** The empty list at the end of the head becomes one of `count` elements. */
function cborPage(head: JsonObject, records: Buffer, count: number): JsonReply {
  const list = Buffer.from([0x99, count >> 8, count & 0xff]);
  const body = Buffer.concat([encodeCbor(head).subarray(0, -1), list, records]);
  return { status: 200, headers: { 'content-type': CBOR_TYPE }, body };
}

function iterator(index: number, ordinal: number): string {
  return `${index}:${ordinal}`;
}

function firstOrdinal({ StartingSequenceNumber: from, ShardIteratorType: type }: JsonObject): number {
  if (typeof from !== 'string') return 0;
  return type === 'AFTER_SEQUENCE_NUMBER' ? ordinalAfter(from) : ordinalAfter(from) - 1;
}

function describe(name: string): JsonObject {
  return {
    StreamName: name,
    StreamARN: `arn:aws:kinesis:${LOCAL_REGION}:${LOCAL_ACCOUNT_ID}:stream/${name}`,
    StreamStatus: 'ACTIVE',
    StreamCreationTimestamp: createdAtSeconds,
    RetentionPeriodHours: 24,
    OpenShardCount: shards,
    EnhancedMonitoring: [],
  };
}

function streamNameOf({ StreamName, StreamARN }: JsonObject): string {
  return typeof StreamName === 'string' ? StreamName : (String(StreamARN).split('/')[1] ?? 'stream');
}

function shard(index: number): JsonObject {
  const width = 2n ** 128n / BigInt(shards);
  const start = BigInt(index) * width;
  const end = index === shards - 1 ? 2n ** 128n - 1n : start + width - 1n;
  return {
    ShardId: `shardId-${String(index).padStart(12, '0')}`,
    HashKeyRange: { StartingHashKey: String(start), EndingHashKey: String(end) },
    SequenceNumberRange: { StartingSequenceNumber: sequenceNumber(index, 0) },
  };
}

function shardIndex(shardId: string): number {
  return Number(shardId.replace('shardId-', ''));
}

async function main(): Promise<void> {
  const server = await startJsonServer({
    execute: (request) => {
      const { operation, body } = request;
      const execute = operations[operation];
      if (!execute) throw new AwsError('UnknownOperationException', `no operation ${operation} here`);
      return execute(body, request);
    },
    nowMs: Date.now,
    ...(tls ? { tls: emulatorCertificate() } : {}),
  });
  for (const form of ['json', 'cbor'] as const)
    for (const limit of [1_000, 10_000]) pages.records(form, 0, { first: 0, count: Math.min(limit, recordsPerShard) });
  obeyParent(({ kind }) => kind === 'stop' && process.exit(0));
  tellParent({ kind: 'ready', endpoint: server.endpoint });
}

void main();
