import { ApplicationFailure } from '@temporalio/activity';
import { TidemarkError } from '../../../src/core/errors';
import type { MemoryDeadLetterStore } from '../../../src/dead-letters/memory-dead-letters';
import { eventually } from '../../support/eventually';
import { RedriveScene, SHARDS } from './support/redrive-scene';
import { SliceScene, type RunningSlice } from './support/slice-scene';

const denied = (): never => {
  throw new TidemarkError('ACCESS_DENIED', 'planted');
};

describe('an attempt of a slice that ends by an error', () => {
  let scene: SliceScene;
  let attempt: number;
  const dead: RunningSlice[] = [];

  beforeEach(async () => {
    scene = await SliceScene.open({ maxBatchRecords: 8, historyIntervalMs: 0 });
    attempt = 0;
  });

  afterEach(async () => {
    for (const slice of dead.splice(0)) {
      slice.cancel({ timedOut: true });
      await slice.done.catch(() => undefined);
    }
    await scene.close();
  });

  /** The next attempt of one activity, in a process of its own. */
  function next(): RunningSlice {
    scene.deploy(scene.options);
    attempt += 1;
    return attempt === 1 ? scene.begin({ attempt }) : scene.attempt({ attempt });
  }

  async function fails(): Promise<void> {
    const slice = next();
    await expect(slice.done).rejects.toBeInstanceOf(ApplicationFailure);
    expect(slice.heartbeats.at(-1)).toMatchObject({ ended: { to: attempt, code: 'ACCESS_DENIED' } });
  }

  async function dies(): Promise<void> {
    const batches = scene.handled.length;
    const slice = next();
    dead.push(slice);
    await eventually(() => scene.handled.length > batches);
  }

  it('counts no death, however often it comes, whatever it leaves marked', async () => {
    scene.put(...'abcd');
    scene.handler = () => undefined;
    scene.store.beforeWrite = ({ next: { position } }) => (position.at === 'AFTER' ? denied() : undefined);
    for (let attempts = 0; attempts < 6; attempts += 1) await fails();
    scene.store.beforeWrite = () => undefined;
    await scene.end(next());
    expect(scene.handled.map((batch) => batch.join(''))).toEqual(Array(7).fill('abcd'));
    expect(await scene.deadLetters()).toEqual([]);
    expect(scene.state.recentEvents?.map(({ kind }) => kind)).toEqual(['claimed']);
  });

  it('leaves the deaths before it as they are: a mark of its own is no death, one of an attempt that died is', async () => {
    scene.put('a', 'b');
    scene.handler = () => new Promise<void>(() => undefined);
    await dies();
    scene.handler = () => undefined;
    scene.store.beforeWrite = ({ next: { position } }) => (position.at === 'AFTER' ? denied() : undefined);
    await fails();
    expect(scene.store.rowOf(scene.shard).trial).toMatchObject({ attempt: 2, isRunning: true, streak: { deaths: 1 } });
    scene.handler = () => new Promise<void>(() => undefined);
    // Marked again, because one has died of it; then it does so again.
    await dies();
    expect(scene.store.rowOf(scene.shard).trial).toMatchObject({ attempt: 3, streak: { deaths: 1 } });
    await dies();
    expect(scene.store.rowOf(scene.shard).trial).toMatchObject({ attempt: 4, streak: { phase: 'cut', deaths: 0 } });
    expect(scene.handled.at(-1)).toEqual(['a']);
  });

  it('is told by the attempts that follow, too: they may end before they mark anything', async () => {
    scene.put('a');
    scene.handler = () => new Promise<void>(() => undefined);
    await dies();
    scene.handler = () => undefined;
    scene.store.beforeWrite = ({ next: { position } }) => (position.at === 'AFTER' ? denied() : undefined);
    await fails();
    scene.store.beforeWrite = denied;
    for (let attempts = 0; attempts < 3; attempts += 1) await fails();
    scene.store.beforeWrite = () => undefined;
    const { events } = await scene.end(next());
    expect(events.map(({ kind }) => kind)).toEqual(['claimed']);
    expect(await scene.deadLetters()).toEqual([]);
  });
});

describe('an attempt of a careful redrive that ends by an error', () => {
  async function sceneOf(): Promise<RedriveScene> {
    const scene = new RedriveScene(() => handler());
    await scene.knowShards({ shardId: SHARDS[0] });
    await scene.put(1, 'a');
    return scene;
  }
  let handler: () => Promise<void> | undefined = () => undefined;
  beforeEach(() => (handler = () => undefined));
  /** Marks are refused once the handler has run. */
  const denying = (letters: MemoryDeadLetterStore, scene: RedriveScene): MemoryDeadLetterStore =>
    Object.assign(Object.create(letters) as MemoryDeadLetterStore, {
      mark: (mark: Parameters<MemoryDeadLetterStore['mark']>[0]) =>
        scene.given.length > 0 ? denied() : letters.mark(mark),
    });

  it('has not died of the letter that it left marked', async () => {
    const scene = await sceneOf();
    let heartbeatDetails: unknown;
    for (const attempt of [2, 3]) {
      scene.given.length = 0;
      const failing = scene.start({}, { attempt, heartbeatDetails, letters: denying(scene.letters, scene) });
      await expect(failing.done).rejects.toMatchObject({ type: 'ACCESS_DENIED' });
      expect(scene.given).toEqual(['1']);
      heartbeatDetails = failing.heartbeats.at(-1);
    }
    await scene.start({}, { attempt: 4, heartbeatDetails }).done;
    expect(await scene.statuses()).toEqual({ 1: 'REDRIVEN' });
  });

  it('and a death that follows still counts', async () => {
    const scene = await sceneOf();
    const failing = scene.start({}, { attempt: 2, letters: denying(scene.letters, scene) });
    await expect(failing.done).rejects.toMatchObject({ type: 'ACCESS_DENIED' });
    const heartbeatDetails = failing.heartbeats.at(-1);
    handler = () => new Promise<void>(() => undefined);
    const dead = scene.start({}, { attempt: 3, heartbeatDetails });
    await eventually(() => scene.given.length === 2);
    handler = () => undefined;
    const { progress } = await scene.start({}, { attempt: 4, heartbeatDetails: dead.heartbeats.at(-1) }).done;
    expect(progress).toMatchObject({ failed: 1, redriven: 0 });
    expect(scene.given).toEqual(['1', '1']);
    dead.cancel({ timedOut: true });
  });
});
