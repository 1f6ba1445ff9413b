import {
  InvalidArgumentException,
  PutRecordCommand,
  PutRecordsCommand,
  ValidationException,
  type KinesisClient,
} from '@aws-sdk/client-kinesis';

import { startScriptedKinesis, type ScriptedKinesis } from '../../../support/scripted-kinesis';
import { localKinesisClient } from '../../../support/scripted-kinesis/client';

describe('writing to the scripted Kinesis', () => {
  let kinesis: ScriptedKinesis;
  let client: KinesisClient;

  beforeEach(async () => {
    kinesis = await startScriptedKinesis();
    client = localKinesisClient(kinesis.endpoint);
    kinesis.createStream('orders', 4);
  });

  afterEach(async () => {
    client.destroy();
    await kinesis.close();
  });

  it('puts one record where the MD5 of its key falls', async () => {
    // MD5('hello') = 5d41…, in the second quarter of the key space.
    const put = new PutRecordCommand({ StreamName: 'orders', PartitionKey: 'hello', Data: Buffer.from('data') });
    const answer = await client.send(put);
    const stored = kinesis.records('orders', 'shardId-000000000001');
    expect(answer.ShardId).toBe('shardId-000000000001');
    expect(answer.EncryptionType).toBe('NONE');
    expect(stored).toEqual([
      {
        sequenceNumber: answer.SequenceNumber,
        partitionKey: 'hello',
        data: Buffer.from('data'),
        arrivalMs: expect.any(Number),
      },
    ]);
  });

  it('puts many, each with its shard and a sequence number unique over all shards', async () => {
    const Records = Array.from({ length: 500 }, (_, n) => ({ PartitionKey: `key-${n}`, Data: Buffer.from(`${n}`) }));
    const answer = await client.send(new PutRecordsCommand({ StreamName: 'orders', Records }));
    expect(answer.FailedRecordCount).toBe(0);
    expect(new Set(answer.Records?.map((record) => record.SequenceNumber)).size).toBe(500);
    expect(new Set(answer.Records?.map((record) => record.ShardId)).size).toBe(4);
    expect(kinesis.shards('orders').reduce((sum, shard) => sum + shard.recordCount, 0)).toBe(500);
  });

  it('obeys an explicit hash key', async () => {
    const entry = { PartitionKey: 'hello', Data: Buffer.from('x'), ExplicitHashKey: (2n ** 128n - 1n).toString() };
    const answer = await client.send(new PutRecordCommand({ StreamName: 'orders', ...entry }));
    expect(answer.ShardId).toBe('shardId-000000000003');
    const tooLarge = { ...entry, ExplicitHashKey: (2n ** 128n).toString() };
    const refused = client.send(new PutRecordCommand({ StreamName: 'orders', ...tooLarge }));
    await expect(refused).rejects.toThrow(InvalidArgumentException);
  });

  it('refuses more than 500 records and partition keys over 256 characters', async () => {
    const Records = Array.from({ length: 501 }, () => ({ PartitionKey: 'key', Data: Buffer.from('x') }));
    const tooMany = client.send(new PutRecordsCommand({ StreamName: 'orders', Records }));
    await expect(tooMany).rejects.toThrow(ValidationException);
    const longKey = { StreamName: 'orders', PartitionKey: 'k'.repeat(257), Data: Buffer.from('x') };
    await expect(client.send(new PutRecordCommand(longKey))).rejects.toThrow(ValidationException);
  });

  it('logs requests without their payload and counts them', async () => {
    const Records = [{ PartitionKey: 'key', Data: Buffer.from('x') }];
    await client.send(new PutRecordsCommand({ StreamName: 'orders', Records }));
    expect(kinesis.requests.count('PutRecords')).toBe(1);
    expect(kinesis.requests.total).toBe(1);
    expect(kinesis.requests.list('PutRecords')).toEqual([
      { operation: 'PutRecords', body: { StreamName: 'orders' }, isCbor: false, atMs: expect.any(Number) },
    ]);
  });
});
