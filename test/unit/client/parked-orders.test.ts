import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { TidemarkClient } from '../../../src';
import type { ShardStatus } from '../../../src/core/shard-work';
import { refusedByTemporal, StubClient } from './stub-client';

const name = { consumer: 'delays', streamName: 'flights' };
const idOf = (shard: number): string => `tidemark/delays/flights@1700000000000/shardId-00000000000${shard}`;

function status(shard: number, more: Partial<ShardStatus> = {}): ShardStatus {
  return {
    shardId: `shardId-00000000000${shard}`,
    phase: 'READING',
    position: { at: 'TRIM_HORIZON' },
    generation: 0,
    progress: { totals: { records: 0, bytes: 0, batches: 0 } },
    failures: 0,
    slices: 1,
    ...more,
  };
}

const halt = { how: 'park', sequenceNumber: '7', sinceMs: 1 } as const;
const parkedKeys = { totals: { records: 0, bytes: 0, batches: 0 }, parkedKeys: 2 };

function stubs(): StubClient {
  return new StubClient({
    [idOf(1)]: { query: status(1, { halt, phase: 'PARKED' }), stop: status(1) },
    [idOf(2)]: { query: status(2), stop: status(2) },
    [idOf(3)]: { query: status(3, { progress: parkedKeys }), stop: status(3) },
  });
}

const updates = (stub: StubClient): unknown[] =>
  stub.calls.flatMap(({ operation, workflowId, args }) => (operation === 'update' ? [[workflowId, args]] : []));

describe('an order about what is parked', () => {
  it('goes to every shard of which something is', async () => {
    const stub = stubs();
    const ordered = await new TidemarkClient(stub.client).retryParked(name, { by: 'ada', reason: 'fixed' });
    expect(ordered.map(({ workflowId }) => workflowId)).toEqual([idOf(1), idOf(3)]);
    expect(updates(stub)).toEqual(
      [1, 3].map((shard) => [idOf(shard), { name: 'retryParked', args: [{ by: 'ada', reason: 'fixed' }] }]),
    );
  });

  it('goes to the named shard only, with what was said', async () => {
    const stub = stubs();
    const options = { shardId: 'shardId-000000000001', by: 'ada', reason: 'known bad', sequenceNumber: '7' };
    await new TidemarkClient(stub.client).skipParked(name, options);
    expect(updates(stub)).toEqual([
      [idOf(1), { name: 'skipParked', args: [{ by: 'ada', reason: 'known bad', sequenceNumber: '7' }] }],
    ]);
  });

  it('says so where nothing is parked, and where nothing runs', async () => {
    const stub = new StubClient({ [idOf(2)]: { query: status(2), stop: status(2) } });
    const client = new TidemarkClient(stub.client);
    await expect(client.retryParked(name, { by: 'ada' })).rejects.toMatchObject({ code: 'NOT_PARKED' });
    await expect(client.retryParked(name, { by: 'ada', shardId: 'shardId-9' })).rejects.toMatchObject({
      code: 'WORKFLOW_NOT_FOUND',
    });
  });
});

describe('an order that is not carried out', () => {
  const refusal = (code: string, message = 'It is not parked'): Error =>
    new WorkflowUpdateFailedError('refused', ApplicationFailure.nonRetryable(message, code));
  const late = new Error('deadline exceeded');
  const one = { shardId: 'shardId-000000000001', by: 'ada' };
  const retry = (stub: StubClient, more: object = {}) =>
    new TidemarkClient(stub.client).retryParked(name, { by: 'ada', ...more });

  it('says why the shard has refused it', async () => {
    const stub = new StubClient({ [idOf(1)]: { accept: refusal('NOT_PARKED') } });
    await expect(retry(stub, one)).rejects.toMatchObject({
      code: 'NOT_PARKED',
      message: expect.stringContaining('It is not parked') as string,
      context: { workflow: idOf(1) },
    });
  });

  it('because somebody else came first is left out where others obey, and told where none does', async () => {
    const stub = stubs();
    Object.assign(stub.workflows[idOf(1)] ?? {}, { accept: refusal('NOT_PARKED') });
    expect((await retry(stub)).map(({ workflowId }) => workflowId)).toEqual([idOf(3)]);
    Object.assign(stub.workflows[idOf(3)] ?? {}, { accept: refusal('NOT_PARKED') });
    await expect(retry(stub)).rejects.toMatchObject({ code: 'NOT_PARKED' });
  });

  it('for any other reason is told although others obey, and does not keep them from it', async () => {
    const stub = stubs();
    Object.assign(stub.workflows[idOf(1)] ?? {}, { accept: refusal('INVALID_OPTION') });
    await expect(retry(stub)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    expect(stub.calls.filter(({ operation }) => operation === 'outcome')).toMatchObject([{ workflowId: idOf(3) }]);
  });

  it('for a partition key is not even sent to shards that have none parked', async () => {
    const stub = stubs();
    expect((await retry(stub, { partitionKey: 'k' })).map(({ workflowId }) => workflowId)).toEqual([idOf(3)]);
    delete stub.workflows[idOf(3)];
    await expect(retry(stub, { partitionKey: 'k' })).rejects.toMatchObject({
      code: 'NOT_PARKED',
      message: expect.stringContaining('No partition key of consumer delays') as string,
    });
  });

  it.each([
    ['by a worker that does not answer', { accept: late }, 'No worker has taken the order in time; it may still'],
    ['before the time is over', { stop: late }, 'The order was accepted but not carried out in time; it still will be'],
  ])('%s says whether it stands', async (_, workflow, message) => {
    const answer = retry(new StubClient({ [idOf(1)]: workflow }), { ...one, timeoutMs: 0 });
    await expect(answer).rejects.toMatchObject({
      code: 'NO_WORKER',
      message: expect.stringContaining(message) as string,
    });
    await expect(answer).rejects.not.toMatchObject({ message: expect.stringContaining('--force') as string });
  });

  it('because nobody tells what is parked has no worker', async () => {
    const ask = (query: Error) => retry(new StubClient({ [idOf(1)]: { query } }), { timeoutMs: 0 });
    await expect(ask(refusedByTemporal(4, 'query timed out'))).rejects.toMatchObject({ code: 'NO_WORKER' });
    await expect(ask(late)).rejects.toBe(late);
  });

  it.each([
    ['a workflow that ended', { status: 'COMPLETED' }],
    ['a workflow that ended meanwhile', { stop: new WorkflowUpdateFailedError('gone', new Error('completed')) }],
  ])('by %s says so', async (_, workflow) => {
    const stub = new StubClient({ [idOf(1)]: workflow });
    await expect(retry(stub, one)).rejects.toMatchObject({ code: 'WORKFLOW_NOT_FOUND' });
  });
});
