import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  InvalidArgumentException,
  MergeShardsCommand,
  ResourceInUseException,
  SplitShardCommand,
  type GetRecordsCommandOutput,
  type KinesisClient,
} from '@aws-sdk/client-kinesis';

import {
  startScriptedKinesis,
  type ScriptedKinesis,
  type ScriptedKinesisOptions,
} from '../../../support/scripted-kinesis';
import { localKinesisClient } from '../../../support/scripted-kinesis/client';

const MAX_HASH_KEY = (2n ** 128n - 1n).toString();
const MIDDLE = (2n ** 127n).toString();
const [FIRST, SECOND, THIRD] = ['shardId-000000000000', 'shardId-000000000001', 'shardId-000000000002'];

describe('resharding the scripted Kinesis', () => {
  let kinesis: ScriptedKinesis;
  let client: KinesisClient;

  async function start(options: ScriptedKinesisOptions = {}): Promise<void> {
    kinesis = await startScriptedKinesis(options);
    client = localKinesisClient(kinesis.endpoint);
  }

  afterEach(async () => {
    client.destroy();
    await kinesis.close();
  });

  async function readFrom(shardId: string, type: 'TRIM_HORIZON' | 'LATEST'): Promise<GetRecordsCommandOutput> {
    const { ShardIterator } = await client.send(
      new GetShardIteratorCommand({ StreamName: 'orders', ShardId: shardId, ShardIteratorType: type }),
    );
    return client.send(new GetRecordsCommand({ ShardIterator }));
  }

  it('ends a split shard with its records, a null iterator and its children', async () => {
    await start();
    kinesis.createStream('orders', 1);
    kinesis.put('orders', 'key', 'last');
    await client.send(new SplitShardCommand({ StreamName: 'orders', ShardToSplit: FIRST, NewStartingHashKey: MIDDLE }));
    const page = await readFrom(FIRST, 'TRIM_HORIZON');
    expect(page.Records).toHaveLength(1);
    expect(page.NextShardIterator ?? null).toBeNull();
    expect(page.ChildShards).toEqual([
      {
        ShardId: SECOND,
        ParentShards: [FIRST],
        HashKeyRange: { StartingHashKey: '0', EndingHashKey: (BigInt(MIDDLE) - 1n).toString() },
      },
      {
        ShardId: THIRD,
        ParentShards: [FIRST],
        HashKeyRange: { StartingHashKey: MIDDLE, EndingHashKey: MAX_HASH_KEY },
      },
    ]);
  });

  it('sends the end on a page of its own if asked to', async () => {
    await start({ shardEndWithRecords: false });
    kinesis.createStream('orders', 1);
    kinesis.put('orders', 'key', 'last');
    kinesis.split('orders', FIRST);
    const page = await readFrom(FIRST, 'TRIM_HORIZON');
    const end = await client.send(new GetRecordsCommand({ ShardIterator: page.NextShardIterator }));
    expect(page.Records).toHaveLength(1);
    expect(page.ChildShards).toBeUndefined();
    expect(end.Records).toHaveLength(0);
    expect(end.NextShardIterator ?? null).toBeNull();
    expect(end.ChildShards).toHaveLength(2);
  });

  it('gives a merged child both parents, and ends both, even empty or read from LATEST', async () => {
    await start();
    kinesis.createStream('orders', 2);
    await client.send(
      new MergeShardsCommand({ StreamName: 'orders', ShardToMerge: FIRST, AdjacentShardToMerge: SECOND }),
    );
    for (const parent of [FIRST, SECOND]) {
      for (const type of ['TRIM_HORIZON', 'LATEST'] as const) {
        const page = await readFrom(parent, type);
        expect(page.Records).toEqual([]);
        expect(page.NextShardIterator ?? null).toBeNull();
        expect(page.ChildShards).toEqual([
          {
            ShardId: THIRD,
            ParentShards: [FIRST, SECOND],
            HashKeyRange: { StartingHashKey: '0', EndingHashKey: MAX_HASH_KEY },
          },
        ]);
      }
    }
  });

  it('routes a key to the child that took over its hash range, with a larger sequence number', async () => {
    await start();
    kinesis.createStream('orders', 1);
    const before = kinesis.put('orders', 'key', 'x');
    const children = kinesis.split('orders', FIRST);
    const after = kinesis.put('orders', 'key', 'y');
    expect(before.shardId).toBe(FIRST);
    expect(children).toContain(after.shardId);
    expect(BigInt(after.sequenceNumber) > BigInt(before.sequenceNumber)).toBe(true);
  });

  it('answers a closed shard without children as addressed: a null iterator and no child', async () => {
    await start();
    kinesis.createStream('orders', 1);
    kinesis.closeShard('orders', FIRST);
    const page = await readFrom(FIRST, 'TRIM_HORIZON');
    expect(page.NextShardIterator ?? null).toBeNull();
    expect(page.ChildShards).toEqual([]);
  });

  it('refuses closed shards, pairs that are not adjacent, and streams that are not ACTIVE', async () => {
    await start();
    kinesis.createStream('orders', 3);
    const merge = (first: string, second: string): Promise<unknown> =>
      client.send(new MergeShardsCommand({ StreamName: 'orders', ShardToMerge: first, AdjacentShardToMerge: second }));
    await expect(merge(FIRST, THIRD)).rejects.toThrow(InvalidArgumentException);
    await merge(SECOND, FIRST);
    await expect(merge(SECOND, THIRD)).rejects.toThrow(InvalidArgumentException);
    kinesis.setStreamStatus('orders', 'UPDATING');
    await expect(merge(THIRD, 'shardId-000000000003')).rejects.toThrow(ResourceInUseException);
  });
});
