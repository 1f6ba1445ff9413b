import { randomUUID } from 'node:crypto';
import { ApplicationFailure, Context } from '@temporalio/activity';
import type { WorkflowFailedError } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import { RedriveHandle } from '../../src/client/redrive-handle';
import type { RedriveInput, RedriveProgress, RedriveResult, RedriveWorkflowInput } from '../../src/core/redrive';
import { startRedriveWorkflow } from '../../src/temporal/start-workflows';
import { eventually } from '../support/eventually';
import { TIMING, useWorkflowEnv, type Lab } from '../support/workflow-env';
import { cancellation } from './scripted-shard';

const openLab = useWorkflowEnv();

function progressOf(redriven: number, change: Partial<RedriveProgress> = {}): RedriveProgress {
  return { total: 6, redriven, failed: 0, held: 0, skipped: 0, heldKeys: ['digest'], ...change };
}

function resultOf(end: RedriveResult['end'], progress: RedriveProgress | undefined): RedriveResult {
  return { end, progress, timing: TIMING, worker: 'worker-a:1' };
}

/** The activity as scripted, slice by slice; the last step for ever. */
function scripted(...steps: ((input: RedriveInput) => Promise<RedriveResult> | RedriveResult)[]) {
  const inputs: RedriveInput[] = [];
  const redriveDeadLetters = async (input: RedriveInput): Promise<RedriveResult> => {
    inputs.push(input);
    const step = steps.length > 1 ? steps.shift() : steps[0];
    if (!step) throw new Error('A script needs a step');
    return step(input);
  };
  return { inputs, redriveDeadLetters };
}

async function start(lab: Lab, more: Partial<RedriveWorkflowInput> = {}): Promise<RedriveHandle> {
  const { workflowId, firstExecutionRunId } = await startRedriveWorkflow(lab.client, {
    taskQueue: lab.taskQueue,
    input: {
      id: randomUUID(),
      stream: lab.stream,
      filter: { code: 'HANDLER_FAILED' },
      by: 'jane',
      reason: 'fixed',
      startedAtMs: 1_700_000_000_000,
      timing: TIMING,
      searchAttributes: false,
      ...more,
    },
  });
  return new RedriveHandle(lab.client, workflowId, firstExecutionRunId);
}

describe('the redrive workflow', () => {
  it('takes slice after slice from where the last one stopped, and ends with the counts', async () => {
    const lab = openLab();
    const script = scripted(
      () => resultOf('handOver', undefined),
      () => resultOf('interval', progressOf(2)),
      () => resultOf('interval', progressOf(4)),
      () => resultOf('done', progressOf(5, { failed: 1 })),
    );
    await lab.startWorker(script);
    const handle = await start(lab);
    const counts = { total: 6, redriven: 5, failed: 1, held: 0, skipped: 0 };
    expect(await handle.result()).toEqual({ ...counts, end: 'done' });
    expect(script.inputs.map(({ progress }) => progress?.redriven)).toEqual([undefined, undefined, 2, 4]);
    expect(script.inputs[3]).toMatchObject({ stream: lab.stream, by: 'jane', reason: 'fixed' });
    expect(await handle.status()).toMatchObject({
      ...counts,
      done: true,
      end: 'done',
      slices: 4,
      worker: 'worker-a:1',
    });
  });

  it('says how far it is, in the Web UI too', async () => {
    const lab = openLab();
    const script = scripted(
      () => resultOf('interval', progressOf(2)),
      async () => {
        await cancellation();
        return resultOf('cancelled', progressOf(3));
      },
    );
    await lab.startWorker(script);
    const handle = await start(lab);
    await eventually(() => script.inputs.length === 2, { what: 'the second slice', intervalMs: 10, timeoutMs: 30_000 });
    expect(await handle.status()).toMatchObject({ isCounted: true, total: 6, redriven: 2, done: false });
    const { details, summary } = await seen(lab, handle);
    expect(summary).toBe(`c: redrive of ${lab.stream.streamName}`);
    expect(details).toContain('- **Letters**: 6, 4 left');
    expect(details).toContain('by jane at 2023-11-14T22:13:20.000Z: fixed');
    await handle.cancel();
    await handle.result();
  });

  it('is cancelled between two letters, and its counts are not lost', async () => {
    const lab = openLab();
    const script = scripted(async () => {
      await cancellation();
      return resultOf('cancelled', progressOf(3));
    });
    await lab.startWorker(script);
    const handle = await start(lab);
    await eventually(() => script.inputs.length === 1, { what: 'the first slice', intervalMs: 10, timeoutMs: 30_000 });
    await handle.cancel();
    const error: unknown = await lab.client.workflow.result(handle.workflowId).catch((reason: unknown) => reason);
    expect((error as WorkflowFailedError).cause).toBeInstanceOf(CancelledFailure);
    expect(await handle.result()).toMatchObject({ end: 'cancelled', total: 6, redriven: 3 });
    expect(script.inputs).toHaveLength(1);
  });

  it('continues as new with what it has done, and its handle follows', async () => {
    const lab = openLab();
    const runIds = new Set<string>();
    const script = scripted(
      ...[1, 2, 3, 4].map((redriven) => () => {
        runIds.add(Context.current().info.workflowExecution?.runId ?? '');
        return resultOf('interval', progressOf(redriven));
      }),
      () => resultOf('tooManyFailures', progressOf(5)),
    );
    await lab.startWorker(script);
    const handle = await start(lab, { maxHistoryEvents: 14 });
    expect(await handle.result()).toMatchObject({ end: 'tooManyFailures', redriven: 5 });
    expect(script.inputs.map(({ progress }) => progress?.redriven)).toEqual([undefined, 1, 2, 3, 4]);
    expect(runIds.size).toBeGreaterThan(1);
    expect(await handle.status()).toMatchObject({ slices: 5 });
  });

  it('waits out a slice that fails, and fails itself only for what no waiting mends', async () => {
    const lab = openLab();
    const fails = (type: string, nonRetryable: boolean) => () => {
      throw ApplicationFailure.create({ type, message: `failed with ${type}`, nonRetryable });
    };
    await lab.startWorker(scripted(fails('DYNAMODB_UNAVAILABLE', false), fails('STREAM_DELETED', true)));
    const handle = await start(lab);
    await expect(handle.result()).rejects.toMatchObject({ name: 'TidemarkError', code: 'STREAM_DELETED' });
    expect(await handle.status()).toMatchObject({ done: false, lastError: { code: 'STREAM_DELETED' } });
  });

  it('runs once at a time for a consumer of a stream', async () => {
    const lab = openLab();
    await lab.startWorker(
      scripted(async () => {
        await cancellation();
        return resultOf('cancelled', progressOf(0));
      }),
    );
    const first = await start(lab);
    await expect(start(lab)).rejects.toMatchObject({ code: 'REDRIVE_RUNNING' });
    await lab.client.workflow.getHandle(first.workflowId).terminate('the test is over');
    expect(await first.result()).toMatchObject({ end: 'terminated' });
  });
});

async function seen(lab: Lab, { workflowId }: RedriveHandle): Promise<{ details: string; summary: string }> {
  const handle = lab.client.workflow.getHandle(workflowId);
  const metadata = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
  const description = await handle.describe();
  return { details: metadata.currentDetails ?? '', summary: (await description.staticSummary()) ?? '' };
}
