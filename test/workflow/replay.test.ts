import { randomUUID } from 'node:crypto';
import { ApplicationFailure, Context } from '@temporalio/activity';
import { ReplayHandle } from '../../src/client/replay-handle';
import {
  NO_GAIN,
  type PlannedShard,
  type ReplaySliceInput,
  type ReplaySliceResult,
  type ReplayWorkflowInput,
} from '../../src/core/replay';
import { startReplayWorkflow } from '../../src/temporal/start-workflows';
import { eventually } from '../support/eventually';
import { TIMING, useWorkflowEnv, type Lab } from '../support/workflow-env';
import { cancellation } from './scripted-shard';

const openLab = useWorkflowEnv();
const PATIENCE = { intervalMs: 10, timeoutMs: 30_000 };

/** A split and a merge. */
const LINEAGE: PlannedShard[] = [
  { shardId: 'parent', parentShardIds: [] },
  { shardId: 'left', parentShardIds: ['parent'] },
  { shardId: 'right', parentShardIds: ['parent'] },
  { shardId: 'child', parentShardIds: ['left', 'right'] },
];

const even = (count: number): PlannedShard[] =>
  Array.from({ length: count }, (_, index) => ({ shardId: `s${index}`, parentShardIds: [] }));

function resultOf(end: ReplaySliceResult['end'], records: number, failed = 0): ReplaySliceResult {
  return {
    ...NO_GAIN,
    end,
    shard: { position: { at: 'AFTER', sequenceNumber: '7' }, lastArrivalMs: 1_500 },
    counts: { records, filtered: 0, failed },
    byCode: failed === 0 ? {} : { HANDLER_FAILED: failed },
    timing: TIMING,
    worker: 'worker-a:1',
  };
}

type Slice = (input: ReplaySliceInput) => Promise<ReplaySliceResult> | ReplaySliceResult;

function scripted(shards: readonly PlannedShard[], slice: Slice) {
  const inputs: ReplaySliceInput[] = [];
  const under = new Set<string>();
  let most = 0;
  const replayShard = async (input: ReplaySliceInput): Promise<ReplaySliceResult> => {
    inputs.push(input);
    under.add(input.shardId);
    most = Math.max(most, under.size);
    try {
      return await slice(input);
    } finally {
      under.delete(input.shardId);
    }
  };
  return {
    inputs,
    under,
    most: () => most,
    activities: { planReplay: async () => ({ shards, timing: TIMING }), replayShard },
  };
}

async function start(lab: Lab, more: Partial<ReplayWorkflowInput> = {}): Promise<ReplayHandle> {
  const id = more.id ?? randomUUID();
  const { workflowId } = await startReplayWorkflow(lab.client, {
    taskQueue: lab.taskQueue,
    input: {
      id,
      stream: lab.stream,
      range: { from: { at: 'AT_TIMESTAMP', timestampMs: 1_000 }, to: { at: 'AT_TIMESTAMP', timestampMs: 2_000 } },
      span: { fromMs: 1_000, toMs: 2_000 },
      dryRun: false,
      onFailure: 'continue',
      by: 'jane',
      reason: 'fixed',
      startedAtMs: 1_700_000_000_000,
      timing: TIMING,
      searchAttributes: false,
      parallel: 8,
      ...more,
    },
  });
  return new ReplayHandle(lab.client, id, workflowId);
}

describe('the replay workflow', () => {
  it('handles parents before children, slice after slice, and ends with the counts', async () => {
    const lab = openLab();
    const slices = new Map<string, number>();
    const script = scripted(LINEAGE, ({ shardId }) => {
      const slice = (slices.get(shardId) ?? 0) + 1;
      slices.set(shardId, slice);
      return resultOf(slice === 2 ? 'rangeEnd' : 'interval', 10, shardId === 'left' ? 1 : 0);
    });
    await lab.startWorker(script.activities);
    const handle = await start(lab);
    const counts = { records: 80, filtered: 0, failed: 2, failedByCode: { HANDLER_FAILED: 2 }, shards: 4 };
    expect(await handle.result()).toEqual({ ...counts, failures: [], end: 'done' });
    const order = script.inputs.map(({ shardId }) => shardId);
    expect(order.slice(0, 2)).toEqual(['parent', 'parent']);
    expect(order.slice(2, 6).toSorted()).toEqual(['left', 'left', 'right', 'right']);
    expect(order.slice(6)).toEqual(['child', 'child']);
    expect(script.inputs[0]).toMatchObject({ shard: {}, request: { by: 'jane', stream: lab.stream, dryRun: false } });
    expect(script.inputs[1]?.shard).toMatchObject({ position: { at: 'AFTER', sequenceNumber: '7' } });
    expect(await handle.progress()).toMatchObject({ ...counts, done: true, percent: 100, shardsDone: 4 });
  });

  it('reads so many shards at the same time, and says how far it is, in the Web UI too', async () => {
    const lab = openLab();
    let isHeld = true;
    const script = scripted(even(5), async () => {
      await eventually(() => !isHeld, PATIENCE);
      return resultOf('rangeEnd', 1);
    });
    await lab.startWorker(script.activities);
    const handle = await start(lab, { parallel: 3, dryRun: true });
    await eventually(() => script.under.size === 3, { ...PATIENCE, what: 'three shards under way' });
    expect(await handle.progress()).toMatchObject({ isPlanned: true, shards: 5, shardsRunning: 3, shardsDone: 0 });
    const { details, summary } = await seen(lab, handle);
    expect(summary).toBe(`c: replay of ${lab.stream.streamName}`);
    expect(details).toContain('- **Dry run**: nothing is written');
    expect(details).toContain('by jane at 2023-11-14T22:13:20.000Z: fixed');
    isHeld = false;
    expect(await handle.result()).toMatchObject({ end: 'done', records: 5 });
    expect(script.most()).toBe(3);
  });

  it('is cancelled between two batches, and its counts are not lost', async () => {
    const lab = openLab();
    const script = scripted(even(2), async () => {
      await cancellation();
      return resultOf('cancelled', 3);
    });
    await lab.startWorker(script.activities);
    const handle = await start(lab);
    await eventually(() => script.under.size === 2, { ...PATIENCE, what: 'both shards under way' });
    await handle.cancel();
    expect(await handle.result()).toMatchObject({ end: 'cancelled', records: 6 });
    expect(script.inputs).toHaveLength(2);
  });

  it('stops at a failure: what is under way elsewhere ends after its batch', async () => {
    const lab = openLab();
    const script = scripted(even(3), async ({ shardId }) => {
      if (shardId === 's1') {
        await eventually(() => script.under.size === 3, PATIENCE);
        return resultOf('failed', 1, 1);
      }
      await cancellation();
      return resultOf('cancelled', 2);
    });
    await lab.startWorker(script.activities);
    const handle = await start(lab, { onFailure: 'stop' });
    expect(await handle.result()).toMatchObject({ end: 'stopped', records: 5, failed: 1 });
    expect(script.inputs.map(({ failuresLeft }) => failuresLeft)).toEqual([1, 1, 1]);
  });

  it('continues as new with what it has done, when nothing is under way', async () => {
    const lab = openLab();
    const runIds = new Set<string>();
    const slices = new Map<string, number>();
    const script = scripted(LINEAGE, ({ shardId }) => {
      runIds.add(Context.current().info.workflowExecution?.runId ?? '');
      const slice = (slices.get(shardId) ?? 0) + 1;
      slices.set(shardId, slice);
      return resultOf(slice === 3 ? 'rangeEnd' : 'interval', 1);
    });
    await lab.startWorker(script.activities);
    const handle = await start(lab, { maxHistoryEvents: 20 });
    expect(await handle.result()).toMatchObject({ end: 'done', records: 12, shards: 4 });
    expect(runIds.size).toBeGreaterThan(1);
    expect(script.inputs).toHaveLength(12);
  });

  it('waits out a slice that fails, and fails itself only for what no waiting mends', async () => {
    const lab = openLab();
    let slices = 0;
    const script = scripted(even(1), () => {
      slices += 1;
      const type = slices === 1 ? 'KINESIS_UNAVAILABLE' : 'STREAM_DELETED';
      throw ApplicationFailure.create({ type, message: `failed with ${type}`, nonRetryable: slices > 1 });
    });
    await lab.startWorker(script.activities);
    const handle = await start(lab);
    await expect(handle.result()).rejects.toMatchObject({ name: 'TidemarkError', code: 'STREAM_DELETED' });
    expect(await handle.progress()).toMatchObject({ done: false, lastError: { code: 'STREAM_DELETED' } });
  });

  it('uses an id once', async () => {
    const lab = openLab();
    await lab.startWorker(scripted(even(0), () => resultOf('rangeEnd', 0)).activities);
    const handle = await start(lab, { id: 'once' });
    expect(await handle.result()).toMatchObject({ end: 'done', records: 0 });
    await expect(start(lab, { id: 'once' })).rejects.toMatchObject({ code: 'REPLAY_EXISTS' });
    const unknown = new ReplayHandle(lab.client, 'other', `${handle.workflowId}-other`);
    await expect(unknown.result()).rejects.toMatchObject({ code: 'REPLAY_NOT_FOUND' });
    await expect(unknown.cancel()).rejects.toMatchObject({ code: 'REPLAY_NOT_FOUND' });
    await expect(unknown.progress()).rejects.toMatchObject({ code: 'REPLAY_NOT_FOUND' });
  });
});

async function seen(lab: Lab, { workflowId }: ReplayHandle): Promise<{ details: string; summary: string }> {
  const handle = lab.client.workflow.getHandle(workflowId);
  const metadata = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
  const description = await handle.describe();
  return { details: metadata.currentDetails ?? '', summary: (await description.staticSummary()) ?? '' };
}
