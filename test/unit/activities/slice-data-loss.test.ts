import { foldLossAccepted, foldOrder } from '../../../src/core/shard-state';
import { jumpingClock } from './support/jumping-clock';
import { SliceScene } from './support/slice-scene';

const HOUR_MS = 3_600_000;
const DAYS = { heartbeatTimeoutMs: 1_000 * HOUR_MS };
const ANN = { by: 'ann', reason: 'known' };

let scene: SliceScene;
let jump: (ms: number) => void;

beforeEach(async () => {
  scene = await SliceScene.open({ historyIntervalMs: 0, onDataLoss: 'stop' });
  jump = jumpingClock(scene);
});

afterEach(async () => {
  jest.restoreAllMocks();
  await scene.close();
});

function pass(hours: number): void {
  jump(hours * HOUR_MS);
}

/** Commits one record, and lets retention take the next one before it was read. */
async function lose(): Promise<void> {
  scene.put('a');
  await scene.run();
  scene.put('lost');
  pass(20);
  scene.put('kept');
  pass(5);
  // Another process: it has nothing open and reads nothing ahead.
  scene.deploy(scene.options);
}

describe("onDataLoss: 'stop'", () => {
  it('parks the shard before anything is read, and tells of the loss once', async () => {
    await lose();
    const calls = scene.server.requests.count('GetRecords');
    const { halt, error, events, checkpoint } = await scene.lose(scene.begin(DAYS));
    expect(halt).toMatchObject({ how: 'park', loss: { cause: 'retention' } });
    expect(error.code).toBe('DATA_LOST');
    expect(events.map(({ kind }) => kind)).toEqual(['dataLoss']);
    expect(checkpoint.position).toEqual(scene.store.rowOf(scene.shard).position);
    expect(scene.state).toMatchObject({ phase: 'PARKED', halt: { loss: halt.loss } });
    expect(scene.server.requests.count('GetRecords')).toBe(calls);
    expect(scene.handled).toEqual([['a']]);
  });

  it('goes on with the oldest record that is left once the loss is accepted, and stops at the next loss', async () => {
    await lose();
    await scene.lose(scene.begin(DAYS));
    scene.state = foldLossAccepted(scene.state, { ...ANN, atMs: scene.server.now() });
    expect(scene.state).toMatchObject({ phase: 'READING', acceptedLoss: ANN });
    const result = await scene.run(DAYS);
    expect(result.events).toEqual([]);
    expect(scene.handled).toEqual([['a'], ['kept']]);
    expect(scene.state.acceptedLoss).toBeUndefined();
    pass(30);
    scene.put('later');
    await scene.lose(scene.begin(DAYS));
  });

  it('holds an acceptance until the shard has got beyond the loss', async () => {
    await lose();
    await scene.lose(scene.begin(DAYS));
    scene.state = foldLossAccepted(scene.state, { ...ANN, atMs: scene.server.now() });
    scene.handler = () => Promise.reject(new Error('not yet'));
    await scene.fail(scene.begin(DAYS));
    expect(scene.state).toMatchObject({ phase: 'RETRYING', acceptedLoss: ANN });
    scene.handler = () => undefined;
    await scene.run(DAYS);
    expect(scene.handled.at(-1)).toEqual(['kept']);
    expect(scene.state.acceptedLoss).toBeUndefined();
  });

  it('parks again where a retry finds the same loss', async () => {
    await lose();
    await scene.lose(scene.begin(DAYS));
    scene.state = foldOrder(scene.state, { kind: 'retry', ...ANN, atMs: scene.server.now() });
    await scene.lose(scene.begin(DAYS));
    expect(scene.state).toMatchObject({ phase: 'PARKED', order: undefined });
    expect(scene.handled).toEqual([['a']]);
  });

  it('lets a consumer that is to continue by now go on at a retry', async () => {
    await lose();
    await scene.lose(scene.begin(DAYS));
    scene.deploy({ historyIntervalMs: 0 });
    scene.state = foldOrder(scene.state, { kind: 'retry', ...ANN, atMs: scene.server.now() });
    await scene.run(DAYS);
    expect(scene.handled).toEqual([['a'], ['kept']]);
  });

  it('does not stop an idle shard that was caught up, however long', async () => {
    scene.put('a');
    await scene.run();
    pass(20);
    const idle = scene.begin(DAYS);
    pass(0.5);
    await scene.end(idle);
    pass(20);
    scene.put('b');
    await scene.run(DAYS);
    expect(scene.handled).toEqual([['a'], ['b']]);
    expect(scene.state).toMatchObject({ phase: 'READING' });
  });
});

describe('a shard at risk', () => {
  it('is told once, with the share and the time left, and once more when it is over', async () => {
    scene.deploy({ historyIntervalMs: 0, maxBatchRecords: 1 });
    scene.put('a', 'b');
    pass(13);
    scene.put('c');
    const first = await scene.run(DAYS);
    expect(first.events.filter(({ kind }) => kind !== 'claimed')).toEqual([
      { kind: 'atRisk', atMs: expect.any(Number) as number, usedPercent: 54, leftMs: expect.any(Number) as number },
    ]);
    expect(first.retention).toMatchObject({ retentionMs: 24 * HOUR_MS, warnPercent: 50, isAtRisk: true });
    expect((await scene.run(DAYS)).events).toEqual([]);
    expect((await scene.run(DAYS)).events).toMatchObject([{ kind: 'outOfRisk', usedPercent: 0 }]);
    expect(scene.state.retention).toMatchObject({ isAtRisk: false });
  });

  it('is none that is idle, however long nobody looked', async () => {
    scene.put('a');
    await scene.run();
    pass(20);
    const slice = scene.begin(DAYS);
    pass(0.5);
    const { events, retention } = await scene.end(slice);
    expect(events).toEqual([]);
    expect(retention).toMatchObject({ isAtRisk: false });
  });
});
