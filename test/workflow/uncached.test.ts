/** With no cached workflows every workflow task replays the whole history: what is not deterministic fails here. */
import { SHARD_END } from '../../src/core/positions';
import { eventually } from '../support/eventually';
import { useWorkflowEnv } from '../support/workflow-env';
import { begun, failureOf, play, REQUEST, resultOf, statusOf, stop, syncResult } from './scene';
import { commits, endsShard, failsWith, handlerFails, isFenced, readsUntilStopped } from './scripted-shard';

const openLab = useWorkflowEnv();
const UNCACHED = { maxCachedWorkflows: 0, maxConcurrentWorkflowTaskPolls: 1 } as const;

describe('without a cache of workflows', () => {
  it('a shard is read to its end, through a fenced slice, a failing handler and continue-as-new', async () => {
    const steps = [commits(1), isFenced, commits(1), handlerFails(1), commits(1), endsShard];
    const { shard, handle } = await play(openLab(), steps, { maxHistoryEvents: 20, searchAttributes: true }, UNCACHED);
    expect(await resultOf(handle)).toMatchObject({ phase: 'FINISHED', position: SHARD_END, records: 4 });
    expect(new Set(shard.runIds).size).toBeGreaterThanOrEqual(2);
    expect(shard.problems).toEqual([]);
  });

  it('a stop ends a running slice, and a wait', async () => {
    const { shard, handle } = await play(openLab(), [commits(1), readsUntilStopped], {}, UNCACHED);
    await begun(shard, 2);
    expect(await stop(handle)).toMatchObject({ phase: 'STOPPED', position: { at: 'AFTER', sequenceNumber: '2' } });
    const waiting = await play(openLab(), [handlerFails(3_600_000)], {}, UNCACHED);
    await eventually(async () => (await statusOf(waiting.handle)).failures === 1);
    expect(await stop(waiting.handle)).toMatchObject({ phase: 'STOPPED', failures: 1 });
  });

  it('a terminal failure and a cancellation end the workflow', async () => {
    const gone = await play(openLab(), [commits(1), failsWith('STREAM_DELETED')], {}, UNCACHED);
    expect(await failureOf(gone.handle)).toMatchObject({ type: 'STREAM_DELETED' });
    const { shard, handle } = await play(openLab(), [readsUntilStopped], {}, UNCACHED);
    await begun(shard, 1);
    await handle.cancel();
    await failureOf(handle);
    expect((await handle.describe()).status.name).toBe('CANCELLED');
  });

  it('a stream is followed through signals and continue-as-new, and stopped', async () => {
    const lab = openLab();
    let listings = 0;
    const syncShards = async () => syncResult({ listed: (listings += 1) });
    await lab.startWorker({ syncShards, stopShards: async () => ({ stopped: 3 }) }, UNCACHED);
    const handle = await lab.startStream({ maxHistoryEvents: 12, searchAttributes: true });
    for (let round = 1; round <= 4; round += 1) {
      await eventually(() => listings >= round, { what: `listing ${round}` });
      await handle.signal('shardFinished', `shard-${round}`);
    }
    await eventually(() => listings >= 5, { what: 'the last listing' });
    expect(await handle.executeUpdate('stop', { args: [REQUEST] })).toEqual({ stopped: 3 });
  });
});
