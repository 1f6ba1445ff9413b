/** The failure policy `then: 'stop'`: one shard fails, the stream workflow stops the others and fails. */
import { WorkflowNotFoundError, type WorkflowHandle } from '@temporalio/client';
import { messageNames, shardWorkflowId } from '../../src/core/names';
import type { StopShardsInput, StopShardsResult, StreamStatus } from '../../src/core/shard-work';
import { eventually } from '../support/eventually';
import { useWorkflowEnv, type Lab } from '../support/workflow-env';
import { begun, failureOf, play, REQUEST, resultOf, statusOf, stop, syncResult } from './scene';
import { cancellation, commits, halts, readsUntilStopped, ScriptedShard } from './scripted-shard';

const openLab = useWorkflowEnv();
const FAILED = { type: 'RECORD_FAILED', message: 'record 3 failed for good', nonRetryable: true };

/** `stopShards` as the real one does it, for the shards of a test. */
function stopShardsOf(lab: Lab, shardIds: readonly string[], stops: StopShardsInput[]) {
  return async (input: StopShardsInput): Promise<StopShardsResult> => {
    stops.push(input);
    let stopped = 0;
    for (const shardId of shardIds) {
      const handle = lab.client.workflow.getHandle(shardWorkflowId({ ...input.stream, shardId }));
      try {
        await handle.executeUpdate(messageNames.stop, { args: [input.request] });
        stopped += 1;
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      }
    }
    return { stopped };
  };
}

/** Two shards and their stream workflow. The first one fails at its third record, once; the second one reads. */
async function playConsumer(lab: Lab) {
  const failing = new ScriptedShard(commits(2), halts({ how: 'stop' }), commits(1), readsUntilStopped);
  const healthy = new ScriptedShard(readsUntilStopped);
  const shards = new Map([
    ['shard-a', failing],
    ['shard-b', healthy],
  ]);
  const stops: StopShardsInput[] = [];
  await lab.startWorker({
    processBatches: async (input) =>
      shards.get(input.shard.shardId)?.processBatches(input) ?? Promise.reject(new Error('?')),
    syncShards: async () => syncResult(),
    stopShards: stopShardsOf(lab, [...shards.keys()], stops),
  });
  const start = async (): Promise<Record<'stream' | 'bad' | 'good', WorkflowHandle>> => {
    const stream = await lab.startStream({ searchAttributes: true });
    const good = await lab.startShard({}, 'shard-b');
    await begun(healthy, healthy.inputs.length + 1);
    return { stream, good, bad: await lab.startShard({ searchAttributes: true }, 'shard-a') };
  };
  return { failing, stops, start };
}

describe('a record that failed for good, where the policy is to stop', () => {
  it('fails its shard, stops the others and fails the stream workflow; a later start goes on', async () => {
    const lab = openLab();
    const { failing, stops, start } = await playConsumer(lab);
    const { stream, bad, good } = await start();
    expect(await failureOf(bad)).toMatchObject(FAILED);
    expect(await failureOf(stream)).toMatchObject(FAILED);
    expect(await resultOf(good)).toMatchObject({ phase: 'STOPPED' });
    expect(stops).toEqual([{ stream: lab.stream, request: { by: 'Tidemark', reason: 'shard shard-a failed' } }]);
    expect(await statusOf(bad)).toMatchObject({
      phase: 'FAILED',
      position: { at: 'AFTER', sequenceNumber: '2' },
      halt: { how: 'stop', sequenceNumber: '3' },
      lastError: { message: FAILED.message },
    });
    expect(await stream.query<StreamStatus>(messageNames.streamStatus)).toMatchObject({
      lastError: { code: 'RECORD_FAILED', message: FAILED.message },
    });
    for (const handle of [bad, stream])
      expect((await handle.describe()).searchAttributes).toMatchObject({ TidemarkState: ['FAILED'] });

    const again = await start();
    await begun(failing, 4);
    expect(await statusOf(again.bad)).toMatchObject({ phase: 'READING', position: { sequenceNumber: '3' } });
    expect(await again.stream.query<StreamStatus>(messageNames.streamStatus)).toMatchObject({ stopping: false });
    expect(await again.stream.executeUpdate(messageNames.stop, { args: [REQUEST] })).toEqual({ stopped: 2 });
  });

  it('fails the shard also where nobody follows the stream', async () => {
    const { handle } = await play(openLab(), [commits(2), halts({ how: 'stop' })]);
    expect(await failureOf(handle)).toMatchObject(FAILED);
  });

  it('does so during a listing, which ends first', async () => {
    const lab = openLab();
    const order: string[] = [];
    await lab.startWorker({
      syncShards: async () => {
        order.push('listing');
        await cancellation();
        order.push('listing ended');
        return syncResult();
      },
      stopShards: async () => {
        order.push('stopping');
        return { stopped: 0 };
      },
    });
    const stream = await lab.startStream();
    await eventually(() => order.length === 1, { what: 'the listing', timeoutMs: 30_000 });
    await stream.signal(messageNames.shardFailed, 'shard-a', 'first');
    await stream.signal(messageNames.shardFailed, 'shard-b', 'second');
    expect(await failureOf(stream)).toMatchObject({ type: 'RECORD_FAILED', message: 'first' });
    expect(order).toEqual(['listing', 'listing ended', 'stopping']);
  });

  it('answers the stop that comes at the same time', async () => {
    const { shard, handle } = await play(openLab(), [
      commits(2),
      async (slice) => {
        await cancellation();
        return halts({ how: 'stop' })(slice);
      },
    ]);
    await begun(shard, 2);
    expect(await stop(handle)).toMatchObject({ phase: 'FAILED', halt: { how: 'stop' } });
    expect(await failureOf(handle)).toMatchObject(FAILED);
  });
});
