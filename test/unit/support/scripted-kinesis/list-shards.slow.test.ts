import {
  ExpiredNextTokenException,
  InvalidArgumentException,
  ListShardsCommand,
  ResourceNotFoundException,
  type KinesisClient,
  type ListShardsCommandInput,
  type Shard,
} from '@aws-sdk/client-kinesis';

import { startScriptedKinesis, type ScriptedKinesis } from '../../../support/scripted-kinesis';
import { localKinesisClient } from '../../../support/scripted-kinesis/client';

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 0, 1);

describe('ListShards of the scripted Kinesis', () => {
  let kinesis: ScriptedKinesis;
  let client: KinesisClient;

  beforeEach(async () => {
    kinesis = await startScriptedKinesis({ now: () => START_MS });
    client = localKinesisClient(kinesis.endpoint);
  });

  afterEach(async () => {
    client.destroy();
    await kinesis.close();
  });

  async function listAll(input: ListShardsCommandInput): Promise<{ shards: Shard[]; pageSizes: number[] }> {
    const shards: Shard[] = [];
    const pageSizes: number[] = [];
    let next: ListShardsCommandInput | undefined = input;
    while (next !== undefined) {
      const page: { Shards?: Shard[]; NextToken?: string } = await client.send(new ListShardsCommand(next));
      shards.push(...(page.Shards ?? []));
      pageSizes.push(page.Shards?.length ?? 0);
      next = page.NextToken === undefined ? undefined : { NextToken: page.NextToken };
    }
    return { shards, pageSizes };
  }

  const idsWith = async (filter: ListShardsCommandInput['ShardFilter']): Promise<string[]> => {
    const { shards } = await listAll({ StreamName: 'orders', ShardFilter: filter });
    return shards.map((shard) => shard.ShardId?.slice(-1) ?? '');
  };

  it('shows every field of a shard', async () => {
    kinesis.createStream('orders', 2);
    kinesis.merge('orders', 'shardId-000000000000', 'shardId-000000000001');
    const { shards } = await listAll({ StreamName: 'orders' });
    expect(shards).toHaveLength(3);
    expect(shards[0]).toEqual({
      ShardId: 'shardId-000000000000',
      HashKeyRange: { StartingHashKey: '0', EndingHashKey: '170141183460469231731687303715884105727' },
      SequenceNumberRange: {
        StartingSequenceNumber: expect.stringMatching(/^\d{56}$/),
        EndingSequenceNumber: expect.stringMatching(/^\d{56}$/),
      },
    });
    expect(shards[2]).toEqual({
      ShardId: 'shardId-000000000002',
      ParentShardId: 'shardId-000000000000',
      AdjacentParentShardId: 'shardId-000000000001',
      HashKeyRange: { StartingHashKey: '0', EndingHashKey: '340282366920938463463374607431768211455' },
      SequenceNumberRange: { StartingSequenceNumber: expect.stringMatching(/^\d{56}$/) },
    });
  });

  it('pages 2,500 shards by token alone', async () => {
    kinesis.createStream('orders', 2_500);
    const { shards, pageSizes } = await listAll({ StreamName: 'orders' });
    expect(pageSizes).toEqual([1_000, 1_000, 500]);
    expect(new Set(shards.map((shard) => shard.ShardId)).size).toBe(2_500);
  });

  it('takes any lineage from addShards', async () => {
    kinesis.createStream('orders', 1);
    const ids = kinesis.addShards(
      'orders',
      Array.from({ length: 2_499 }, () => ({ parentShardId: 'shardId-000000000000' })),
    );
    const { shards } = await listAll({ StreamName: 'orders' });
    expect(ids.at(-1)).toBe('shardId-000000002499');
    expect(shards.filter((shard) => shard.ParentShardId === 'shardId-000000000000')).toHaveLength(2_499);
  });

  it('refuses a token beside a stream name, a foreign token, and a token after 300 s', async () => {
    kinesis.createStream('orders', 2);
    const { NextToken } = await client.send(new ListShardsCommand({ StreamName: 'orders', MaxResults: 1 }));
    const withName = client.send(new ListShardsCommand({ StreamName: 'orders', NextToken }));
    const foreign = client.send(new ListShardsCommand({ NextToken: 'nonsense' }));
    await expect(withName).rejects.toThrow(InvalidArgumentException);
    await expect(withName).rejects.toThrow('NextToken and StreamName cannot be provided together.');
    await expect(foreign).rejects.toThrow(InvalidArgumentException);
    kinesis.advanceClock(300_001);
    await expect(client.send(new ListShardsCommand({ NextToken }))).rejects.toThrow(ExpiredNextTokenException);
  });

  it('refuses a creation time of another incarnation', async () => {
    const { createdAtMs } = kinesis.createStream('orders', 1);
    const list = (timeMs: number): Promise<unknown> =>
      client.send(new ListShardsCommand({ StreamName: 'orders', StreamCreationTimestamp: new Date(timeMs) }));
    await expect(list(createdAtMs)).resolves.toBeDefined();
    await expect(list(createdAtMs - 1)).rejects.toThrow(ResourceNotFoundException);
  });

  it('filters by time, horizon and shard id, and keeps the filter from page to page', async () => {
    kinesis.createStream('orders', 1);
    kinesis.advanceClock(HOUR_MS);
    kinesis.split('orders', 'shardId-000000000000');
    kinesis.advanceClock(HOUR_MS);
    kinesis.merge('orders', 'shardId-000000000001', 'shardId-000000000002');
    const at = (hours: number): Date => new Date(START_MS + hours * HOUR_MS);
    expect(await idsWith({ Type: 'FROM_TRIM_HORIZON' })).toEqual(['0', '1', '2', '3']);
    expect(await idsWith({ Type: 'AT_TRIM_HORIZON' })).toEqual(['0']);
    expect(await idsWith({ Type: 'AT_LATEST' })).toEqual(['3']);
    expect(await idsWith({ Type: 'AFTER_SHARD_ID', ShardId: 'shardId-000000000001' })).toEqual(['2', '3']);
    expect(await idsWith({ Type: 'AT_TIMESTAMP', Timestamp: at(1.5) })).toEqual(['1', '2']);
    expect(await idsWith({ Type: 'FROM_TIMESTAMP', Timestamp: at(1.5) })).toEqual(['1', '2', '3']);
    expect(await idsWith({ Type: 'FROM_TIMESTAMP', Timestamp: at(-100) })).toEqual(['0', '1', '2', '3']);
    const paged = await listAll({
      StreamName: 'orders',
      MaxResults: 1,
      ShardFilter: { Type: 'AT_TIMESTAMP', Timestamp: at(1.5) },
    });
    expect(paged.shards[0]?.ShardId).toBe('shardId-000000000001');
    expect(paged.shards.map((shard) => shard.ShardId)).not.toContain('shardId-000000000003');
  });

  it('refuses AT_TIMESTAMP before the horizon and any time in the future', async () => {
    kinesis.createStream('orders', 1);
    const inTheFuture = { Type: 'FROM_TIMESTAMP', Timestamp: new Date(START_MS + 1) } as const;
    const tooOld = { Type: 'AT_TIMESTAMP', Timestamp: new Date(START_MS - 25 * HOUR_MS) } as const;
    await expect(idsWith(inTheFuture)).rejects.toThrow(InvalidArgumentException);
    await expect(idsWith(tooOld)).rejects.toThrow(InvalidArgumentException);
  });

  it('no longer lists a shard that closed before the horizon', async () => {
    kinesis.createStream('orders', 1);
    kinesis.split('orders', 'shardId-000000000000');
    kinesis.advanceClock(24 * HOUR_MS);
    expect(await idsWith(undefined)).toEqual(['0', '1', '2']);
    kinesis.advanceClock(1);
    expect(await idsWith(undefined)).toEqual(['1', '2']);
  });

  it('fakes a lost token by a fault rule', async () => {
    kinesis.createStream('orders', 2);
    kinesis.faults.add({
      operation: 'ListShards',
      when: ({ body }) => body['NextToken'] !== undefined,
      times: 1,
      action: { error: 'ExpiredNextTokenException' },
    });
    await expect(listAll({ StreamName: 'orders', MaxResults: 1 })).rejects.toThrow(ExpiredNextTokenException);
  });
});
