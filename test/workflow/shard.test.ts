import { SHARD_END, TRIM_HORIZON } from '../../src/core/positions';
import { eventually } from '../support/eventually';
import { useWorkflowEnv } from '../support/workflow-env';
import { begun, failureOf, play, resultOf, statusOf, stop, syncResult } from './scene';
import {
  commits,
  endsShard,
  failsWith,
  handlerFails,
  isFenced,
  readsUntilStopped,
  ScriptedShard,
} from './scripted-shard';

const openLab = useWorkflowEnv();

describe('what a shard workflow makes of its slices', () => {
  it('passes on what each slice committed, and counts the activities of a run', async () => {
    const { shard, handle } = await play(openLab(), [commits(2), commits(3), endsShard]);
    expect(await resultOf(handle)).toMatchObject({
      phase: 'FINISHED',
      position: SHARD_END,
      generation: 0,
      records: 6,
      progress: { totals: { records: 6 } },
    });
    const [first, second, third] = shard.inputs;
    expect(first).toMatchObject({ activitySeq: 1, belief: { position: TRIM_HORIZON, generation: 0, needClaim: true } });
    expect(second).toMatchObject({
      activitySeq: 2,
      belief: {
        position: { at: 'AFTER', sequenceNumber: '2' },
        token: 'token-1',
        tokenRunId: shard.runIds[0],
        needClaim: false,
      },
      progress: { totals: { records: 2 } },
    });
    expect(third).toMatchObject({
      activitySeq: 3,
      belief: { position: { at: 'AFTER', sequenceNumber: '5' }, token: 'token-2' },
    });
    expect(shard.problems).toEqual([]);
  });

  it('lets the slice after a fenced one claim, from the position it had', async () => {
    const { shard, handle } = await play(openLab(), [commits(2), isFenced, commits(1), endsShard]);
    await resultOf(handle);
    expect(shard.inputs[2]?.belief).toMatchObject({
      position: { at: 'AFTER', sequenceNumber: '2' },
      token: 'token-1',
      needClaim: true,
    });
    expect(shard.inputs[3]?.belief).toMatchObject({ position: { at: 'AFTER', sequenceNumber: '3' }, needClaim: false });
  });

  it('is tried again soon: a shard whose worker died has waited for the heartbeat time-out already', async () => {
    const { handle } = await play(openLab(), [endsShard]);
    await resultOf(handle);
    const { events = [] } = await handle.fetchHistory();
    const [scheduled] = (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: slice }) => slice ?? []);
    expect(Number(scheduled?.retryPolicy?.initialInterval?.nanos) / 1e6).toBe(250);
    expect(Number(scheduled?.retryPolicy?.initialInterval?.seconds)).toBe(0);
  });

  it('obeys the timing that a result brings', async () => {
    const timing = { heartbeatTimeoutMs: 7_000, shardSyncIntervalMs: 60_000 };
    const { handle } = await play(openLab(), [commits(1, { timing }), endsShard]);
    await resultOf(handle);
    const { events } = await handle.fetchHistory();
    const heartbeats = events?.flatMap(
      ({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.heartbeatTimeout?.seconds ?? [],
    );
    expect(heartbeats?.map(Number)).toEqual([10, 7]);
  });

  it('at SHARD_END tells the stream workflow, which lists the shards again', async () => {
    const lab = openLab();
    let listings = 0;
    const syncShards = async () => syncResult({ listed: (listings += 1) });
    await lab.startWorker({ processBatches: new ScriptedShard(endsShard).processBatches, syncShards });
    await lab.startStream();
    await eventually(() => listings === 1, { what: 'the first listing' });
    expect(await resultOf(await lab.startShard())).toMatchObject({ phase: 'FINISHED' });
    await eventually(() => listings === 2, { what: 'a listing because a shard has ended' });
  });

  it('completes at SHARD_END although no stream workflow runs', async () => {
    const { handle } = await play(openLab(), [endsShard]);
    expect(await resultOf(handle)).toMatchObject({ phase: 'FINISHED' });
  });
});

describe('a handler that fails', () => {
  it('is tried again after the wait that the worker decided, visibly', async () => {
    const { shard, handle } = await play(openLab(), [
      commits(2),
      handlerFails(1),
      handlerFails(2_000),
      commits(1),
      endsShard,
    ]);
    const status = await eventually(async () => (await statusOf(handle)).failures === 2 && statusOf(handle), {
      what: 'two failures',
    });
    expect(status).toMatchObject({
      phase: 'RETRYING',
      position: { at: 'AFTER', sequenceNumber: '2' },
      lastError: { code: 'HANDLER_FAILED', message: 'the handler failed, 2' },
    });
    expect(shard.inputs).toHaveLength(3);
    await resultOf(handle);
    expect(shard.inputs[3]).toMatchObject({
      streak: { failures: 2, position: { at: 'AFTER', sequenceNumber: '2' } },
      belief: { position: { at: 'AFTER', sequenceNumber: '2' }, needClaim: false },
    });
    expect(shard.inputs[4]).not.toHaveProperty('streak');
    expect(await statusOf(handle)).toMatchObject({ phase: 'FINISHED', failures: 0 });
    expect(await statusOf(handle)).not.toHaveProperty('lastError');
  });

  it('is tried again for ever, never skipped, while other shards go on', async () => {
    const lab = openLab();
    const failing = new ScriptedShard(handlerFails(5));
    const healthy = new ScriptedShard(commits(1));
    const shards = new Map([
      ['shard-a', failing],
      ['shard-b', healthy],
    ]);
    await lab.startWorker({
      processBatches: async (input) =>
        shards.get(input.shard.shardId)?.processBatches(input) ?? Promise.reject(new Error('?')),
    });
    const bad = await lab.startShard({}, 'shard-a');
    const good = await lab.startShard({}, 'shard-b');
    await begun(failing, 4);
    await begun(healthy, 8);
    expect((await statusOf(bad)).failures).toBeGreaterThanOrEqual(3);
    expect(await statusOf(bad)).toMatchObject({
      phase: 'RETRYING',
      position: TRIM_HORIZON,
      progress: { totals: { records: 0 } },
    });
    expect(await statusOf(good)).toMatchObject({ phase: 'READING', failures: 0 });
    await Promise.all([stop(bad), stop(good)]);
  });

  it('keeps its failures through a slice that made no progress', async () => {
    const { shard, handle } = await play(openLab(), [
      handlerFails(1),
      (slice) => slice.result({ end: 'handOver' }),
      readsUntilStopped,
    ]);
    await begun(shard, 3);
    expect(await statusOf(handle)).toMatchObject({ phase: 'RETRYING', failures: 1 });
    expect(shard.inputs[2]?.streak).toMatchObject({ failures: 1, position: TRIM_HORIZON });
    await stop(handle);
  });
});

describe('a failure that no waiting mends', () => {
  it.each(['STREAM_DELETED', 'STREAM_RECREATED', 'SHARD_NOT_FOUND'] as const)(
    '%s fails the workflow with that type',
    async (code) => {
      const { handle } = await play(openLab(), [commits(2), failsWith(code)]);
      expect(await failureOf(handle)).toMatchObject({ type: code, message: `failed with ${code}`, nonRetryable: true });
      expect(await statusOf(handle)).toMatchObject({
        phase: 'FAILED',
        position: { at: 'AFTER', sequenceNumber: '2' },
        lastError: { code },
      });
    },
  );

  it('fails the workflow although a stop is waiting, and the stop is answered with an error', async () => {
    const { shard, handle } = await play(openLab(), [
      async (slice) => {
        await readsUntilStopped(slice);
        return failsWith('STREAM_DELETED')(slice);
      },
    ]);
    await begun(shard, 1);
    await expect(stop(handle)).rejects.toThrow();
    expect(await failureOf(handle)).toMatchObject({ type: 'STREAM_DELETED' });
  });
});
