import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamCommand,
  DescribeStreamSummaryCommand,
  ResourceInUseException,
  ResourceNotFoundException,
  type KinesisClient,
} from '@aws-sdk/client-kinesis';

import { startScriptedKinesis, type ScriptedKinesis } from '../../../support/scripted-kinesis';
import { localKinesisClient } from '../../../support/scripted-kinesis/client';

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

describe('streams of the scripted Kinesis', () => {
  let kinesis: ScriptedKinesis;
  let client: KinesisClient;

  beforeEach(async () => {
    kinesis = await startScriptedKinesis({ now: () => NOW_MS, retentionMs: 48 * 3_600_000 });
    client = localKinesisClient(kinesis.endpoint);
  });

  afterEach(async () => {
    client.destroy();
    await kinesis.close();
  });

  it('describes a stream it was asked to create', async () => {
    await client.send(new CreateStreamCommand({ StreamName: 'orders', ShardCount: 3 }));
    const { StreamDescriptionSummary: summary } = await client.send(
      new DescribeStreamSummaryCommand({ StreamName: 'orders' }),
    );
    expect(summary).toEqual({
      StreamName: 'orders',
      StreamARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/orders',
      StreamStatus: 'ACTIVE',
      StreamModeDetails: { StreamMode: 'PROVISIONED' },
      RetentionPeriodHours: 48,
      StreamCreationTimestamp: new Date(NOW_MS),
      EnhancedMonitoring: [{ ShardLevelMetrics: [] }],
      EncryptionType: 'NONE',
      OpenShardCount: 3,
      ConsumerCount: 0,
    });
  });

  it('accepts an ARN for a name', async () => {
    const { arn } = kinesis.createStream('orders', 1);
    const answer = await client.send(new DescribeStreamSummaryCommand({ StreamARN: arn }));
    expect(answer.StreamDescriptionSummary?.StreamName).toBe('orders');
  });

  it('pages DescribeStream by shard id', async () => {
    kinesis.createStream('orders', 3);
    const first = await client.send(new DescribeStreamCommand({ StreamName: 'orders', Limit: 2 }));
    const lastShardId = first.StreamDescription?.Shards?.at(-1)?.ShardId;
    const second = await client.send(
      new DescribeStreamCommand({ StreamName: 'orders', ExclusiveStartShardId: lastShardId }),
    );
    expect(first.StreamDescription?.HasMoreShards).toBe(true);
    expect(lastShardId).toBe('shardId-000000000001');
    expect(second.StreamDescription?.HasMoreShards).toBe(false);
    expect(second.StreamDescription?.Shards?.map((shard) => shard.ShardId)).toEqual(['shardId-000000000002']);
  });

  it('gives a re-created stream another creation time, though the clock stands still', async () => {
    const first = kinesis.createStream('orders', 1);
    await client.send(new DeleteStreamCommand({ StreamName: 'orders' }));
    const second = kinesis.createStream('orders', 1);
    expect(second.arn).toBe(first.arn);
    expect(second.createdAtMs).toBeGreaterThan(first.createdAtMs);
  });

  it('refuses unknown and duplicate streams with the errors of AWS', async () => {
    kinesis.createStream('orders', 1);
    const duplicate = client.send(new CreateStreamCommand({ StreamName: 'orders', ShardCount: 1 }));
    const unknown = client.send(new DescribeStreamSummaryCommand({ StreamName: 'absent' }));
    await expect(duplicate).rejects.toThrow(ResourceInUseException);
    await expect(unknown).rejects.toThrow(ResourceNotFoundException);
    await expect(unknown).rejects.toThrow('Stream absent under account 000000000000 not found.');
  });

  it('answers with the scripted clock in the Date header, and errors as AWS JSON with status 400', async () => {
    const response = await fetch(kinesis.endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'Kinesis_20131202.DescribeStreamSummary',
      },
      body: JSON.stringify({ StreamName: 'absent' }),
    });
    expect(response.headers.get('date')).toBe(new Date(NOW_MS).toUTCString());
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      __type: 'ResourceNotFoundException',
      message: 'Stream absent under account 000000000000 not found.',
    });
  });

  it('refuses other encodings with 415', async () => {
    const response = await fetch(kinesis.endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/xml', 'x-amz-target': 'Kinesis_20131202.GetRecords' },
      body: new Uint8Array([0xa0]),
    });
    expect(response.status).toBe(415);
  });
});
