/** A Kinesis stream of fixed content, answered from memory: so fast that its client is what a benchmark measures. */
import { LOCAL_ACCOUNT_ID, LOCAL_REGION } from '../../dev/stack/pins';
import { startJsonServer } from '../../test/support/scripted-kinesis/json-server';
import { jsonReply, type JsonObject, type JsonReply } from '../../test/support/scripted-kinesis/json-request';
import { AwsError } from '../../test/support/scripted-kinesis/aws-error';
import type { ServerOrder } from '../programs/messages';
import { obeyParent, readOrder, tellParent } from '../programs/parent';
import { CannedPages, ordinalAfter, sequenceNumber } from './canned-pages';

const { shards = 4, recordsPerShard = 10_000, recordBytes = 1_024 } = readOrder<ServerOrder>();
const createdAtSeconds = Math.floor(Date.now() / 1_000) - 3_600;
const pages = new CannedPages(recordBytes);
/** Of one page: 10,000 records or 10 MB. */
const MOST_RECORDS = Math.min(10_000, Math.max(1, Math.floor((10 * 1_024 * 1_024) / recordBytes)));

const operations: Record<string, (body: JsonObject) => JsonReply> = {
  DescribeStreamSummary: (body) => jsonReply(200, { StreamDescriptionSummary: describe(streamNameOf(body)) }),
  ListShards: () => jsonReply(200, { Shards: Array.from({ length: shards }, (_, index) => shard(index)) }),
  GetShardIterator: (body) =>
    jsonReply(200, { ShardIterator: iterator(shardIndex(String(body.ShardId)), firstOrdinal(body)) }),
  GetRecords: getRecords,
};

function getRecords({ ShardIterator, Limit }: JsonObject): JsonReply {
  const [index = 0, first = 0] = String(ShardIterator).split(':').map(Number);
  const count = Math.min(typeof Limit === 'number' ? Limit : 10_000, MOST_RECORDS, recordsPerShard - first);
  const millisBehind = first + count < recordsPerShard ? 60_000 : 0;
  const head = `{"MillisBehindLatest":${millisBehind},"NextShardIterator":"${iterator(index, first + count)}","Records":[`;
  const body = count > 0 ? [Buffer.from(head), pages.records(index, first, count), TAIL] : [Buffer.from(head), TAIL];
  return { status: 200, headers: { 'content-type': 'application/x-amz-json-1.1' }, body: Buffer.concat(body) };
}

const TAIL = Buffer.from(']}');

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
    execute: ({ operation, body }) => {
      const execute = operations[operation];
      if (!execute) throw new AwsError('UnknownOperationException', `no operation ${operation} here`);
      return execute(body);
    },
    nowMs: Date.now,
  });
  for (const limit of [1_000, 10_000]) pages.records(0, 0, Math.min(limit, recordsPerShard));
  obeyParent(({ kind }) => kind === 'stop' && process.exit(0));
  tellParent({ kind: 'ready', endpoint: server.endpoint });
}

void main();
