import { TidemarkError } from '../../../src/core/errors';
import type { BatchHandler } from '../../../src/handler/handler';
import { eventually } from '../../support/eventually';
import { RedriveScene, SHARDS } from './support/redrive-scene';

async function sceneOf(letters: number, handler?: BatchHandler): Promise<RedriveScene> {
  const scene = new RedriveScene(handler);
  await scene.knowShards({ shardId: SHARDS[0] });
  for (let number = 1; number <= letters; number += 1) await scene.put(number, `key-${number % 7}`);
  return scene;
}

const never = (): Promise<void> => new Promise<void>(() => undefined);

describe('a redrive that is interrupted', () => {
  it.each([
    { by: 'a cancellation', reason: { cancelRequested: true }, end: 'cancelled' },
    { by: 'the shutdown of its worker', reason: { workerShutdown: true }, end: 'handOver' },
  ])('ends between two batches, by $by, and the next slice goes on from there', async ({ reason, end }) => {
    let cancel = (): void => undefined;
    const scene = await sceneOf(60, () => cancel());
    const activity = scene.start();
    cancel = () => activity.cancel(reason);
    const first = await activity.done;
    expect(first).toMatchObject({ end, progress: { total: 60, redriven: 25, cursor: { shardId: SHARDS[0] } } });
    cancel = () => undefined;
    const second = await scene.start({ progress: first.progress }).done;
    expect(second).toMatchObject({ end: 'done', progress: { total: 60, redriven: 60 } });
    expect(scene.given).toHaveLength(60);
  });

  it('fails its attempt when an operator pauses it', async () => {
    const scene = await sceneOf(30, () => cancel());
    const activity = scene.start();
    const cancel = (): void => activity.cancel({ paused: true });
    await expect(activity.done).rejects.toMatchObject({ type: 'PAUSED', nonRetryable: false });
    expect(scene.given).toHaveLength(25);
  });

  it('ends before it has counted, with nothing to go on from', async () => {
    const scene = await sceneOf(1);
    const activity = scene.start();
    activity.cancel({ cancelRequested: true });
    expect(await activity.done).toMatchObject({ end: 'cancelled', progress: undefined });
    expect(scene.given).toEqual([]);
  });

  it('repeats at most the batch in flight after a crash, and counts each letter once', async () => {
    let runs = 0;
    const scene = await sceneOf(60, ({ records }) => {
      runs += 1;
      if (runs === 1) return { failures: records.slice(0, 1).map((record) => ({ record, reason: 'planted' })) };
      return runs === 2 ? never() : undefined;
    });
    const dead = scene.start();
    await eventually(() => runs === 2, { what: 'the second batch', intervalMs: 5 });
    scene.given.length = 0;
    const { end, progress } = await scene.start({}, { attempt: 2 }).done;
    expect(end).toBe('done');
    // The first letter failed, and holds back the seventh part of those behind it that no batch had.
    expect(progress).toMatchObject({ total: 60, failed: 1, redriven: 54, held: 5, skipped: 0 });
    expect(scene.given).toEqual([...Array(35).keys()].map((n) => String(n + 26)).filter((n) => Number(n) % 7 !== 1));
    dead.cancel({ timedOut: true });
  });

  it('goes on from what its heartbeat has told', async () => {
    const scene = await sceneOf(60);
    const activity = scene.start();
    await activity.done;
    expect(activity.heartbeats.at(0)).toBeUndefined();
    const progress = { total: 60, redriven: 58, failed: 0, held: 0, skipped: 0, heldKeys: [] };
    const told = { progress: { ...progress, cursor: { shardId: SHARDS[0], after: { sequenceNumber: '58' } } } };
    const other = await sceneOf(60);
    expect((await other.start({}, { heartbeatDetails: told }).done).progress).toMatchObject({ redriven: 60 });
    expect(other.given).toEqual(['59', '60']);
  });
});

describe('a letter that kills the process', () => {
  it('is tried alone after the first death, and has failed after the second', async () => {
    let deaths = 0;
    const scene = await sceneOf(9, ({ records }) => {
      if (!records.some(({ sequenceNumber }) => sequenceNumber === '4')) return undefined;
      deaths += 1;
      return never();
    });
    const first = scene.start();
    await eventually(() => deaths === 1, { what: 'the first death', intervalMs: 5 });
    const second = scene.start({}, { attempt: 2 });
    await eventually(() => deaths === 2, { what: 'the second death', intervalMs: 5 });
    expect(await scene.statuses()).toMatchObject({ 3: 'REDRIVEN', 4: 'OPEN', 5: 'OPEN' });
    const { end, progress } = await scene.start({}, { attempt: 3 }).done;
    expect(end).toBe('done');
    expect(progress).toMatchObject({ total: 9, redriven: 8, failed: 1, held: 0 });
    expect(deaths).toBe(2);
    const shard = { ...scene.stream, shardId: SHARDS[0] };
    const { letters } = await scene.letters.list(shard, { code: 'HANDLER_DIED', limit: 9 });
    expect(letters).toMatchObject([{ sequenceNumber: '4', status: 'OPEN' }]);
    for (const activity of [first, second]) activity.cancel({ timedOut: true });
  });
});

describe('a mark whose reply is lost', () => {
  it('is sent again, and the handler does not run again', async () => {
    const scene = await sceneOf(30);
    let lost = 0;
    const letters = Object.assign(Object.create(scene.letters) as typeof scene.letters, {
      markAll: async (...args: Parameters<typeof scene.letters.markAll>) => {
        const answer = await scene.letters.markAll(...args);
        lost += 1;
        if (lost % 2 === 1) throw new TidemarkError('DYNAMODB_UNAVAILABLE', 'planted');
        return answer;
      },
    });
    expect((await scene.start({}, { letters }).done).progress).toMatchObject({ total: 30, redriven: 30, skipped: 0 });
    expect(scene.given).toHaveLength(30);
  });

  it('is never sent by an execution that has lost its place', async () => {
    const scene = await sceneOf(1, async () => {
      activity.cancel({ timedOut: true });
      await Promise.resolve();
    });
    const activity = scene.start();
    await expect(activity.done).rejects.toMatchObject({ type: 'OWNERSHIP_EXPIRED' });
    expect(await scene.statuses()).toEqual({ 1: 'OPEN' });
  });
});
