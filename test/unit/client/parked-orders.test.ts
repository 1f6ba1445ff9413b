import { TidemarkClient } from '../../../src';
import type { ShardStatus } from '../../../src/core/shard-work';
import { StubClient } from './stub-client';

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
