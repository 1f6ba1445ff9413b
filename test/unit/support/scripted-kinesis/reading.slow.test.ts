import {
  ExpiredIteratorException,
  GetRecordsCommand,
  GetShardIteratorCommand,
  InvalidArgumentException,
  ResourceNotFoundException,
  type GetRecordsCommandOutput,
  type GetShardIteratorCommandInput,
  type KinesisClient,
} from '@aws-sdk/client-kinesis';

import { startScriptedKinesis, type ScriptedKinesis } from '../../../support/scripted-kinesis';
import { localKinesisClient } from '../../../support/scripted-kinesis/client';

const START_MS = Date.UTC(2026, 0, 1, 0, 0, 0, 250);
const SHARD = 'shardId-000000000000';

describe('reading a shard of the scripted Kinesis', () => {
  let kinesis: ScriptedKinesis;
  let client: KinesisClient;
  let arn: string;

  beforeEach(async () => {
    kinesis = await startScriptedKinesis({ now: () => START_MS });
    client = localKinesisClient(kinesis.endpoint);
    ({ arn } = kinesis.createStream('orders', 1));
  });

  afterEach(async () => {
    client.destroy();
    await kinesis.close();
  });

  type Start = Omit<GetShardIteratorCommandInput, 'StreamName' | 'ShardId'>;

  const iteratorAt = async (start: Start): Promise<string | undefined> =>
    (await client.send(new GetShardIteratorCommand({ StreamName: 'orders', ShardId: SHARD, ...start }))).ShardIterator;

  const read = (iterator: string | undefined, Limit?: number): Promise<GetRecordsCommandOutput> =>
    client.send(new GetRecordsCommand({ ShardIterator: iterator, Limit }));

  const textsFrom = async (start: Start): Promise<string[]> => texts(await read(await iteratorAt(start)));

  it('gives a record back field by field', async () => {
    const { sequenceNumber } = kinesis.put('orders', 'key-1', new Uint8Array([0, 255, 128]));
    const page = await read(await iteratorAt({ ShardIteratorType: 'TRIM_HORIZON' }));
    expect(sequenceNumber).toMatch(/^49\d{54}$/);
    expect(page.Records).toEqual([
      {
        SequenceNumber: sequenceNumber,
        PartitionKey: 'key-1',
        Data: new Uint8Array([0, 255, 128]),
        ApproximateArrivalTimestamp: new Date(START_MS),
      },
    ]);
    expect(page.MillisBehindLatest).toBe(0);
    expect(page.NextShardIterator).toEqual(expect.any(String));
    expect(page.ChildShards).toBeUndefined();
  });

  it('starts where each of the five iterator types says', async () => {
    const sequenceNumbers = ['a', 'b', 'c'].map((data) => {
      kinesis.advanceClock(1_000);
      return kinesis.put('orders', 'key', data).sequenceNumber;
    });
    const second = { StartingSequenceNumber: sequenceNumbers[1] };
    expect(await textsFrom({ ShardIteratorType: 'TRIM_HORIZON' })).toEqual(['a', 'b', 'c']);
    expect(await textsFrom({ ShardIteratorType: 'LATEST' })).toEqual([]);
    expect(await textsFrom({ ShardIteratorType: 'AT_SEQUENCE_NUMBER', ...second })).toEqual(['b', 'c']);
    expect(await textsFrom({ ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', ...second })).toEqual(['c']);
    const at = (ms: number): Start => ({ ShardIteratorType: 'AT_TIMESTAMP', Timestamp: new Date(START_MS + ms) });
    expect(await textsFrom(at(2_000))).toEqual(['b', 'c']);
    expect(await textsFrom(at(2_001))).toEqual(['c']);
    expect(await textsFrom(at(-1_000_000_000))).toEqual(['a', 'b', 'c']);
    await expect(textsFrom(at(3_001))).rejects.toThrow(InvalidArgumentException);
  });

  it('resolves LATEST once, at GetShardIterator, on an empty shard too', async () => {
    const iterator = await iteratorAt({ ShardIteratorType: 'LATEST' });
    kinesis.put('orders', 'key', 'after');
    expect(texts(await read(iterator))).toEqual(['after']);
    expect(texts(await read(iterator))).toEqual(['after']);
  });

  it('resolves AT_TIMESTAMP of now to whatever arrives later', async () => {
    kinesis.put('orders', 'key', 'before');
    kinesis.advanceClock(10);
    const iterator = await iteratorAt({ ShardIteratorType: 'AT_TIMESTAMP', Timestamp: new Date(kinesis.now()) });
    kinesis.put('orders', 'key', 'after');
    expect(texts(await read(iterator))).toEqual(['after']);
  });

  it('computes the lag from the clock and the next unread record', async () => {
    kinesis.put('orders', 'key', 'a');
    kinesis.advanceClock(5_000);
    kinesis.put('orders', 'key', 'b');
    kinesis.advanceClock(2_000);
    const first = await read(await iteratorAt({ ShardIteratorType: 'TRIM_HORIZON' }), 1);
    const second = await read(first.NextShardIterator, 1);
    const third = await read(second.NextShardIterator, 1);
    expect([first, second, third].map(texts)).toEqual([['a'], ['b'], []]);
    expect([first, second, third].map((page) => page.MillisBehindLatest)).toEqual([2_000, 0, 0]);
  });

  it('caps a page at 10,000 records and at 10 MB, but never below one record', async () => {
    kinesis.putMany(
      'orders',
      Array.from({ length: 10_001 }, () => ({ partitionKey: 'key', data: 'x' })),
    );
    const full = await read(await iteratorAt({ ShardIteratorType: 'TRIM_HORIZON' }));
    expect(full.Records).toHaveLength(10_000);
    const tip = await iteratorAt({ ShardIteratorType: 'LATEST' });
    const fourMegabytes = new Uint8Array(4 * 1024 * 1024);
    kinesis.putMany(
      'orders',
      Array.from({ length: 3 }, () => ({ partitionKey: 'key', data: fourMegabytes })),
    );
    const heavy = await read(tip);
    expect(heavy.Records).toHaveLength(2);
    expect((await read(heavy.NextShardIterator)).Records).toHaveLength(1);
    await expect(read(tip, 10_001)).rejects.toThrow(InvalidArgumentException);
  });

  it('refuses the sequence number of another shard or stream', async () => {
    kinesis.createStream('others', 2);
    const { sequenceNumber } = kinesis.put('others', 'key', 'x', { shardId: 'shardId-000000000001' });
    for (const ShardIteratorType of ['AFTER_SEQUENCE_NUMBER', 'AT_SEQUENCE_NUMBER'] as const) {
      const foreign = iteratorAt({ ShardIteratorType, StartingSequenceNumber: sequenceNumber });
      await expect(foreign).rejects.toThrow(InvalidArgumentException);
      await expect(foreign).rejects.toThrow('it did not come from this stream');
    }
  });

  it('skips silently over what was trimmed, as AWS is reported to do', async () => {
    const numbers = kinesis.putMany(
      'orders',
      ['a', 'b', 'c'].map((data) => ({ partitionKey: 'key', data })),
    );
    kinesis.trim('orders', SHARD, numbers[2]?.sequenceNumber ?? '');
    const start = { StartingSequenceNumber: numbers[0]?.sequenceNumber };
    expect(await textsFrom({ ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', ...start })).toEqual(['c']);
  });

  it('drops records when the clock passes retention', async () => {
    kinesis.setRetention('orders', 3_600_000);
    kinesis.put('orders', 'key', 'old');
    kinesis.advanceClock(1_000);
    kinesis.put('orders', 'key', 'new');
    kinesis.advanceClock(3_600_000);
    expect(await textsFrom({ ShardIteratorType: 'TRIM_HORIZON' })).toEqual(['new']);
  });

  it('expires an iterator after 300 s on the clock', async () => {
    const iterator = await iteratorAt({ ShardIteratorType: 'TRIM_HORIZON' });
    kinesis.advanceClock(300_000);
    await expect(read(iterator)).resolves.toBeDefined();
    kinesis.advanceClock(1);
    await expect(read(iterator)).rejects.toThrow(ExpiredIteratorException);
  });

  it('binds iterators and sequence numbers to the incarnation of the stream', async () => {
    const { sequenceNumber } = kinesis.put('orders', 'key', 'x');
    const iterator = await iteratorAt({ ShardIteratorType: 'TRIM_HORIZON' });
    kinesis.deleteStream('orders');
    await expect(read(iterator)).rejects.toThrow(ResourceNotFoundException);
    kinesis.createStream('orders', 1);
    await expect(read(iterator)).rejects.toThrow(InvalidArgumentException);
    const old = { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: sequenceNumber } as const;
    await expect(iteratorAt(old)).rejects.toThrow(InvalidArgumentException);
  });

  it('takes a stream by its ARN, and refuses unknown shards and iterators', async () => {
    const byArn = new GetShardIteratorCommand({ StreamARN: arn, ShardId: SHARD, ShardIteratorType: 'LATEST' });
    const { ShardIterator } = await client.send(byArn);
    await expect(client.send(new GetRecordsCommand({ ShardIterator, StreamARN: arn }))).resolves.toBeDefined();
    const unknownShard = iteratorAt({ ShardIteratorType: 'LATEST', ShardId: 'shardId-000000000009' } as Start);
    await expect(unknownShard).rejects.toThrow(ResourceNotFoundException);
    await expect(read('nonsense')).rejects.toThrow(InvalidArgumentException);
  });

  it('holds 200,000 small records and reads them all', async () => {
    const total = 200_000;
    kinesis.putMany(
      'orders',
      Array.from({ length: total }, (_, n) => ({ partitionKey: `key-${n}`, data: `${n}` })),
    );
    let iterator = await iteratorAt({ ShardIteratorType: 'TRIM_HORIZON' });
    const seen: string[] = [];
    while (seen.length < total) {
      const page = await read(iterator);
      expect(page.Records).not.toHaveLength(0);
      for (const record of page.Records ?? []) seen.push(record.SequenceNumber ?? '');
      iterator = page.NextShardIterator;
    }
    expect(new Set(seen).size).toBe(total);
    expect(seen).toEqual([...seen].sort());
  }, 60_000);
});

function texts(page: GetRecordsCommandOutput): string[] {
  return (page.Records ?? []).map((record) => Buffer.from(record.Data ?? []).toString());
}
