import { type KinesisClient, PutRecordCommand } from '@aws-sdk/client-kinesis';

import { eventually } from '../../support/eventually';
import { startFaultProxy, type FaultProxy, type JsonObject } from '../../support/fault-proxy';
import { startScriptedKinesis, type ScriptedKinesis } from '../../support/scripted-kinesis';
import { localKinesisClient } from '../../support/scripted-kinesis/client';

const SHARD = 'shardId-000000000000';
/** What the SDK makes of a destroyed connection. */
const CONNECTION_BROKEN = /socket hang up|ECONNRESET|broke off/;

// The scripted Kinesis is the upstream: to the proxy every AWS JSON service is alike.
describe('the fault proxy', () => {
  let upstream: ScriptedKinesis;
  let proxy: FaultProxy;
  let client: KinesisClient;

  beforeEach(async () => {
    upstream = await startScriptedKinesis();
    upstream.createStream('orders', 1);
    proxy = await startFaultProxy(upstream.endpoint);
    client = localKinesisClient(proxy.endpoint);
  });

  afterEach(async () => {
    client.destroy();
    await proxy.close();
    await upstream.close();
  });

  const put = (PartitionKey = 'key'): Promise<unknown> =>
    client.send(new PutRecordCommand({ StreamName: 'orders', PartitionKey, Data: Buffer.from('x') }));
  const stored = (): string[] => upstream.records('orders', SHARD).map((record) => record.partitionKey);

  it('forwards requests, answers and errors unchanged', async () => {
    await expect(put()).resolves.toMatchObject({ ShardId: SHARD, EncryptionType: 'NONE' });
    upstream.deleteStream('orders');
    await expect(put()).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Stream orders under account 000000000000 not found.',
      $metadata: { httpStatusCode: 400 },
    });
    expect(proxy.requests.count('PutRecord')).toBe(2);
  });

  it('answers errors without troubling the upstream', async () => {
    proxy.faults.add({
      operation: 'PutRecord',
      when: ({ body }) => body['PartitionKey'] === 'throttled',
      action: { error: 'ThrottlingException' },
    });
    await put('passed');
    await expect(put('throttled')).rejects.toMatchObject({ name: 'ThrottlingException' });
    expect(upstream.requests.count('PutRecord')).toBe(1);
  });

  it('changes requests before the upstream gets them', async () => {
    const rewriteRequest = ({ PartitionKey: _, ...rest }: JsonObject): JsonObject => ({
      ...rest,
      PartitionKey: 'other',
    });
    proxy.faults.add({ operation: 'PutRecord', times: 1, action: { rewriteRequest } });
    await put('first');
    await put('second');
    expect(stored()).toEqual(['other', 'second']);
  });

  it('drops requests before the upstream and replies after it', async () => {
    proxy.faults.add({ times: 1, action: { dropRequest: true } });
    proxy.faults.add({ times: 1, action: { dropReply: true } });
    await expect(put('request')).rejects.toThrow(CONNECTION_BROKEN);
    await expect(put('reply')).rejects.toThrow(CONNECTION_BROKEN);
    expect(stored()).toEqual(['reply']);
  });

  it('delivers the same bytes again later and keeps the copy’s answer to itself', async () => {
    proxy.faults.add({ operation: 'PutRecord', times: 1, action: { replayAfterMs: 20 } });
    await put('copied');
    await put('single');
    await eventually(() => stored().length === 3);
    expect(stored().filter((key) => key === 'copied')).toHaveLength(2);
    expect(proxy.requests.count('PutRecord')).toBe(2);
  });

  it('can lose the first copy’s reply and still deliver the second copy', async () => {
    proxy.faults.add({ times: 1, action: { replayAfterMs: 20, dropReply: true } });
    await expect(put('copied')).rejects.toThrow(CONNECTION_BROKEN);
    await eventually(() => stored().length === 2);
  });

  it('delays, rewrites and hangs', async () => {
    proxy.faults.add({ times: 1, action: { delayMs: 50, rewrite: () => ({ ShardId: 'rewritten' }) } });
    const hang = proxy.faults.add({ when: ({ body }) => body['PartitionKey'] === 'stuck', action: { hang: true } });
    const start = performance.now();
    await expect(put()).resolves.toMatchObject({ ShardId: 'rewritten' });
    expect(performance.now() - start).toBeGreaterThanOrEqual(45);
    const stuck = put('stuck').catch(() => 'broken off');
    await eventually(() => hang.hits === 1);
    await proxy.close();
    expect(await stuck).toBe('broken off');
    expect(stored()).toEqual(['key']);
  });

  it('breaks connections during its own outage and when the upstream is gone', async () => {
    proxy.outage(true);
    await expect(put()).rejects.toThrow(CONNECTION_BROKEN);
    proxy.outage(false);
    await put();
    await upstream.close();
    await expect(put()).rejects.toThrow(CONNECTION_BROKEN);
  });
});
