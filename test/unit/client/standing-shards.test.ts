import { MemoryCheckpointStore } from '../../../src/checkpoints/memory-store';
import { standingShards } from '../../../src/client/standing-shards';
import { checkpointKey, shardWorkflowId } from '../../../src/core/names';
import type { Position } from '../../../src/core/positions';
import type { ShardStatus } from '../../../src/core/shard-work';
import { StubClient, type StubWorkflow } from './stub-client';

const stream = { consumer: 'delays', streamName: 'flights', streamArn: 'arn:flights', createdAtMs: 1_700_000_000_000 };
const earlier = { ...stream, createdAtMs: 1_600_000_000_000 };
const SHARD_END = { at: 'SHARD_END' } as const;
const after = (sequenceNumber: string): Position => ({ at: 'AFTER', sequenceNumber });

const progress = { totals: { records: 0, bytes: 0, batches: 0 } };

function status(shardId: string, position: Position, generation = 1): ShardStatus {
  return { shardId, phase: 'READING', position, generation, progress, failures: 0, slices: 1 };
}

function workflow(shardId: string, position: Position, of = stream): Record<string, StubWorkflow> {
  return { [shardWorkflowId({ ...of, shardId })]: { query: status(shardId, position) } };
}

let store: MemoryCheckpointStore;
beforeEach(() => (store = new MemoryCheckpointStore()));

function putRow(shardId: string, position: Position): void {
  const row = { position, generation: 1, token: 't', totals: progress.totals, lastArrivalMs: 7 };
  store.rows.set(checkpointKey({ ...stream, shardId }).pk, row as never);
}

const standing = (workflows: Record<string, StubWorkflow>, shardId?: string) =>
  standingShards(new StubClient(workflows).client, { store }, { stream, shardId });

const places = async (workflows: Record<string, StubWorkflow>, shardId?: string): Promise<unknown[]> =>
  (await standing(workflows, shardId)).map(({ shardId: id, position }) => [id, position]);

it('tells where the shards stand: by their workflows, or by a row that a slice under way has written', async () => {
  putRow('shard-1', after('9'));
  putRow('shard-2', after('1'));
  const workflows = { ...workflow('shard-2', after('5')), ...workflow('shard-1', after('5')) };
  const found = await standing(workflows);
  expect(found.map(({ shardId, position }) => [shardId, position])).toEqual([
    ['shard-1', after('9')],
    ['shard-2', after('5')],
  ]);
  expect(found[0]?.progress.lastArrivalMs).toBe(7);
});

it('looks at no workflow that an earlier stream of the same name has left', async () => {
  const old = workflow('shard-1', after('5'), earlier);
  expect(await places({ ...old, ...workflow('shard-1', after('6')) })).toEqual([['shard-1', after('6')]]);
  await expect(standing(old)).rejects.toMatchObject({ code: 'WORKFLOW_NOT_FOUND' });
  await expect(standing(old, 'shard-1')).rejects.toMatchObject({ code: 'WORKFLOW_NOT_FOUND' });
});

it('reads the rows after all have answered: a shard may be finished while another one is waited for', async () => {
  const slow = (): ShardStatus => {
    putRow('shard-1', SHARD_END);
    return status('shard-2', after('5'));
  };
  const workflows = {
    ...workflow('shard-1', after('5')),
    [shardWorkflowId({ ...stream, shardId: 'shard-2' })]: { query: slow },
  };
  expect(await places(workflows)).toEqual([
    ['shard-1', SHARD_END],
    ['shard-2', after('5')],
  ]);
});

it('asks each shard for as long as was said', async () => {
  jest.spyOn(Date, 'now').mockReturnValue(1_000_000);
  const stub = new StubClient(workflow('shard-1', after('5')));
  await standingShards(stub.client, { store }, { stream, timeoutMs: 5_000 });
  await standingShards(stub.client, { store }, { stream });
  jest.restoreAllMocks();
  expect(stub.deadlines).toEqual([1_005_000, 1_060_000]);
});
