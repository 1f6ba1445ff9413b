import { WorkflowFailedError, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { TRIM_HORIZON } from '../../src/core/positions';
import type { ShardStatus } from '../../src/core/shard-work';
import { eventually } from '../support/eventually';
import { useWorkflowEnv } from '../support/workflow-env';
import { acceptedStop, begun, failureOf, gate, play, REQUEST, resultOf, statusOf, stop } from './scene';
import { commits, handlerFails, isCancelledWithoutState, readsUntilStopped, ScriptedShard } from './scripted-shard';

const openLab = useWorkflowEnv();
const AFTER_3 = { at: 'AFTER', sequenceNumber: '3' };

describe('the update "stop"', () => {
  it('ends a running slice at a commit and answers with the committed position', async () => {
    const { shard, handle } = await play(openLab(), [commits(2), readsUntilStopped]);
    await begun(shard, 2);
    expect(await stop(handle)).toMatchObject({ phase: 'STOPPED', position: AFTER_3, slices: 2 });
    expect(await resultOf(handle)).toMatchObject({
      phase: 'STOPPED',
      position: AFTER_3,
      generation: 0,
      records: 3,
      progress: { totals: { records: 3 } },
    });
    expect(shard.inputs).toHaveLength(2);
  });

  it('does not wait for the retry of a failed batch', async () => {
    const { shard, handle } = await play(openLab(), [handlerFails(3_600_000)]);
    await eventually(async () => (await statusOf(handle)).failures === 1, { what: 'the failure' });
    expect(await stop(handle)).toMatchObject({ phase: 'STOPPED', failures: 1, lastError: { code: 'HANDLER_FAILED' } });
    expect(shard.inputs).toHaveLength(1);
  });

  it('does not wait for an activity that Temporal tries again later', async () => {
    const { shard, handle } = await play(openLab(), [
      () => {
        throw ApplicationFailure.create({ type: 'DYNAMODB_UNAVAILABLE', nextRetryDelay: '1 hour' });
      },
    ]);
    await begun(shard, 1);
    expect(await stop(handle)).toMatchObject({ phase: 'STOPPED', position: TRIM_HORIZON });
  });

  it('is obeyed before the first slice', async () => {
    const lab = openLab();
    const shard = new ScriptedShard(readsUntilStopped);
    const handle = await lab.startShard();
    const answer = stop(handle);
    await lab.startWorker({ processBatches: shard.processBatches });
    expect(await answer).toMatchObject({ phase: 'STOPPED' });
    expect(await resultOf(handle)).toMatchObject({ phase: 'STOPPED' });
  });

  it('given twice is answered twice', async () => {
    const { opened, open } = gate();
    const { shard, handle } = await play(openLab(), [
      async (slice) => {
        const result = await readsUntilStopped(slice);
        await opened;
        return result;
      },
    ]);
    await begun(shard, 1);
    const first = await acceptedStop<ShardStatus>(handle, REQUEST);
    const second = await acceptedStop<ShardStatus>(handle, { by: 'another' });
    open();
    const answers = await Promise.all([first.result(), second.result()]);
    expect(answers.map(({ phase }) => phase)).toEqual(['STOPPED', 'STOPPED']);
  });

  it.each([{ by: '' }, { reason: 'nobody' } as never])(
    'without a name (%j) is rejected and changes nothing',
    async (request) => {
      const { shard, handle } = await play(openLab(), [readsUntilStopped]);
      await begun(shard, 1);
      const error: unknown = await stop(handle, request).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(WorkflowUpdateFailedError);
      expect((error as WorkflowUpdateFailedError).cause).toMatchObject({ type: 'INVALID_OPTION' });
      expect(await statusOf(handle)).toMatchObject({ phase: 'STARTING', slices: 1 });
      await stop(handle);
    },
  );
});

describe('a slice that was cancelled without telling its state', () => {
  it('leaves the last known position, and the stop is obeyed all the same', async () => {
    const { shard, handle } = await play(openLab(), [commits(2), isCancelledWithoutState]);
    await begun(shard, 2);
    expect(await stop(handle)).toMatchObject({ phase: 'STOPPED', position: { at: 'AFTER', sequenceNumber: '2' } });
    expect(shard.committed).toBe(3);
  });
});

describe('a cancellation of the workflow from outside', () => {
  it('lets the slice commit, then ends the workflow as cancelled', async () => {
    const { shard, handle } = await play(openLab(), [commits(2), readsUntilStopped]);
    await begun(shard, 2);
    await handle.cancel();
    expect(await failureOf(handle)).toBeInstanceOf(CancelledFailure);
    expect(shard.committed).toBe(3);
    expect(shard.inputs).toHaveLength(2);
    expect(await statusOf(handle)).toMatchObject({ position: AFTER_3 });
  });

  it('is obeyed while a retry is waited for, and before the first slice', async () => {
    const lab = openLab();
    const { handle } = await play(lab, [handlerFails(3_600_000)]);
    await eventually(async () => (await statusOf(handle)).failures === 1, { what: 'the failure' });
    await handle.cancel();
    expect(await failureOf(handle)).toBeInstanceOf(CancelledFailure);

    await lab.stopWorker();
    const other = await lab.startShard({}, 'shard-b');
    await other.cancel();
    await lab.startWorker({ processBatches: new ScriptedShard(readsUntilStopped).processBatches });
    await expect(other.result()).rejects.toBeInstanceOf(WorkflowFailedError);
    expect((await other.describe()).status.name).toBe('CANCELLED');
  });
});
