import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

import {
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  InternalFailureException,
  ProvisionedThroughputExceededException,
  PutRecordCommand,
  type KinesisClient,
} from '@aws-sdk/client-kinesis';

import { eventually } from '../../../support/eventually';
import { startScriptedKinesis, type ScriptedKinesis } from '../../../support/scripted-kinesis';
import { localKinesisClient } from '../../../support/scripted-kinesis/client';

const SHARD = 'shardId-000000000000';
/** What the SDK makes of a destroyed connection. */
const CONNECTION_BROKEN = /socket hang up|ECONNRESET|broke off/;

describe('faults of the scripted Kinesis', () => {
  let kinesis: ScriptedKinesis;
  let client: KinesisClient;

  beforeEach(async () => {
    kinesis = await startScriptedKinesis();
    client = localKinesisClient(kinesis.endpoint);
    kinesis.createStream('orders', 1);
  });

  afterEach(async () => {
    client.destroy();
    await kinesis.close();
  });

  const put = (PartitionKey = 'key', from = client): Promise<unknown> =>
    from.send(new PutRecordCommand({ StreamName: 'orders', PartitionKey, Data: Buffer.from('x') }));
  const stored = (): number => kinesis.records('orders', SHARD).length;

  async function readPage(): Promise<Record<string, unknown>> {
    const { ShardIterator } = await client.send(
      new GetShardIteratorCommand({ StreamName: 'orders', ShardId: SHARD, ShardIteratorType: 'TRIM_HORIZON' }),
    );
    return { ...(await client.send(new GetRecordsCommand({ ShardIterator }))) };
  }

  it('answers an error in place of execution, as often as told, for the operation told', async () => {
    const throttle = kinesis.faults.add({
      operation: 'PutRecord',
      times: 2,
      action: { error: 'ProvisionedThroughputExceededException' },
    });
    await expect(put()).rejects.toThrow(ProvisionedThroughputExceededException);
    await expect(client.send(new DescribeStreamSummaryCommand({ StreamName: 'orders' }))).resolves.toBeDefined();
    await expect(put()).rejects.toThrow(ProvisionedThroughputExceededException);
    expect(stored()).toBe(0);
    await put();
    expect(stored()).toBe(1);
    expect(throttle.hits).toBe(2);
  });

  it('sends server errors with 5xx, and any status asked for', async () => {
    kinesis.faults.add({ times: 1, action: { error: 'InternalFailureException', message: 'broken' } });
    kinesis.faults.add({ times: 1, action: { error: 'SlowDown', status: 503 } });
    const first = put();
    await expect(first).rejects.toThrow(InternalFailureException);
    await expect(first).rejects.toMatchObject({ message: 'broken', $metadata: { httpStatusCode: 500 } });
    await expect(put()).rejects.toMatchObject({ name: 'SlowDown', $metadata: { httpStatusCode: 503 } });
  });

  it('chooses requests by their content', async () => {
    kinesis.faults.add({
      when: ({ body }) => body['PartitionKey'] === 'poison',
      action: { error: 'ProvisionedThroughputExceededException' },
    });
    await put('sound');
    await expect(put('poison')).rejects.toThrow(ProvisionedThroughputExceededException);
  });

  it('is retried by the SDK as a real throttle would be', async () => {
    const patient = localKinesisClient(kinesis.endpoint, { maxAttempts: 3 });
    kinesis.faults.add({ times: 2, action: { error: 'ProvisionedThroughputExceededException' } });
    await put('key', patient);
    expect(kinesis.requests.count('PutRecord')).toBe(3);
    expect(stored()).toBe(1);
    patient.destroy();
  });

  it('drops a request before execution', async () => {
    kinesis.faults.add({ operation: 'PutRecord', times: 1, action: { dropRequest: true } });
    await expect(put()).rejects.toThrow(CONNECTION_BROKEN);
    expect(stored()).toBe(0);
  });

  it('drops a reply after execution', async () => {
    kinesis.faults.add({ operation: 'PutRecord', times: 1, action: { dropReply: true } });
    await expect(put()).rejects.toThrow(CONNECTION_BROKEN);
    expect(stored()).toBe(1);
  });

  it('breaks off half-way through a reply', async () => {
    kinesis.faults.add({ operation: 'PutRecord', times: 1, action: { truncateReply: true } });
    await expect(put()).rejects.toThrow();
    expect(stored()).toBe(1);
  });

  it('executes a request again later, as a delayed copy', async () => {
    kinesis.faults.add({ operation: 'PutRecord', times: 1, action: { replayAfterMs: 20 } });
    await put();
    await eventually(() => stored() === 2, { what: 'the copy of the put' });
  });

  it('hangs without executing until it is closed', async () => {
    const hang = kinesis.faults.add({ operation: 'PutRecord', action: { hang: true } });
    const outcome = put().then(
      () => 'answered',
      () => 'broken off',
    );
    await eventually(() => hang.hits === 1);
    expect(stored()).toBe(0);
    await kinesis.close();
    expect(await outcome).toBe('broken off');
  });

  it('delays execution, and the reply', async () => {
    kinesis.faults.add({ times: 1, action: { delayMs: 80 } });
    const start = performance.now();
    const delayed = put();
    await eventually(() => kinesis.requests.count('PutRecord') === 1, { intervalMs: 5 });
    expect(stored()).toBe(0);
    await delayed;
    expect(performance.now() - start).toBeGreaterThanOrEqual(75);
    kinesis.faults.add({ times: 1, action: { delayReplyMs: 80 } });
    const late = put();
    await eventually(() => stored() === 2, { intervalMs: 5 });
    await late;
  });

  it('rewrites answers into those AWS gives and emulators do not', async () => {
    kinesis.put('orders', 'key', 'x');
    kinesis.split('orders', SHARD);
    const rewriteOnce = (change: Record<string, unknown>): unknown =>
      kinesis.faults.add({
        operation: 'GetRecords',
        times: 1,
        action: { rewrite: (response) => ({ ...response, ...change }) },
      });
    rewriteOnce({ ChildShards: undefined });
    const stripped = await readPage();
    expect(stripped['NextShardIterator'] ?? null).toBeNull();
    expect(stripped['ChildShards']).toBeUndefined();
    rewriteOnce({ Records: [], MillisBehindLatest: 86_400_000, ChildShards: undefined, NextShardIterator: 'again' });
    expect(await readPage()).toMatchObject({
      Records: [],
      MillisBehindLatest: 86_400_000,
      NextShardIterator: 'again',
    });
    rewriteOnce({ NextShardIterator: 'on' });
    const contradictory = await readPage();
    expect(contradictory['NextShardIterator']).toBe('on');
    expect(contradictory['ChildShards']).toHaveLength(2);
  });

  it('removes one rule, or all', async () => {
    const rule = kinesis.faults.add({ action: { error: 'InternalFailureException' } });
    rule.remove();
    await put();
    kinesis.faults.add({ action: { error: 'InternalFailureException' } });
    kinesis.faults.clear();
    await put();
    expect(stored()).toBe(2);
  });

  it('goes out as a whole, and comes back with what it held', async () => {
    await put();
    kinesis.outage(true);
    await expect(put()).rejects.toThrow(CONNECTION_BROKEN);
    await expect(put()).rejects.toThrow(CONNECTION_BROKEN);
    kinesis.outage(false);
    await put();
    expect(stored()).toBe(2);
  });

  it('lets its process end after close(), though a client keeps connections and a request hangs', async () => {
    const script = path.join(__dirname, 'fixtures', 'close-and-exit.ts');
    const child = spawn(process.execPath, ['--import', 'tsx', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
    const [code] = (await once(child, 'exit')) as [number | null];
    clearTimeout(timer);
    expect(code).toBe(0);
  }, 30_000);
});
