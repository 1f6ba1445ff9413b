import { initialShardState } from '../../../src/core/shard-state';
import { TRIM_HORIZON } from '../../../src/core/positions';
import { SHARD, SliceScene } from './support/slice-scene';

let scene: SliceScene;

async function open(): Promise<void> {
  scene = await SliceScene.open({ maxBatchRecords: 2, historyIntervalMs: 0, onFailure: { maxAttempts: 1 } });
}

afterEach(() => scene.close());

const entries = () => scene.history.list({ ...scene.shard, shardId: SHARD });

/** The consumer was stopped and started: a workflow that knows nothing of the checkpoint. */
function startAnew(): void {
  const timing = { heartbeatTimeoutMs: 10_000, shardSyncIntervalMs: 60_000 };
  const input = { shard: scene.shard, parentShardIds: [], start: TRIM_HORIZON, timing, searchAttributes: false };
  scene.state = initialShardState(input);
}

describe('the history of a checkpoint', () => {
  it('has an entry per slice that committed: from where to where, with counts of its own', async () => {
    await open();
    scene.put('a', 'b', 'c');
    await scene.run();
    await scene.run();
    const [, b, c] = scene.sequenceNumbers();
    expect(await entries()).toMatchObject([
      { kind: 'read', from: TRIM_HORIZON, to: { sequenceNumber: b }, records: 2, batches: 1, totalRecords: 2 },
      {
        from: { sequenceNumber: b },
        to: { sequenceNumber: c },
        records: 1,
        totalRecords: 3,
        attempt: 1,
        runId: 'run-1',
      },
    ]);
    expect((await entries())[0]?.events.map(({ kind }) => kind)).toEqual(['claimed']);
  });

  it('begins at the row after a start, not at what the new workflow believes', async () => {
    await open();
    scene.put('a', 'b', 'c');
    await scene.run();
    startAnew();
    await scene.run({ runId: 'run-2' });
    const [, b, c] = scene.sequenceNumbers();
    expect((await entries()).at(-1)).toMatchObject({
      from: { sequenceNumber: b },
      to: { sequenceNumber: c },
      records: 1,
    });
  });

  it('tells that attempts of the first slice after a start were lost', async () => {
    await open();
    scene.put('a', 'b');
    await scene.run({ attempt: 2 });
    expect(await entries()).toMatchObject([{ isAfterLoss: true }]);
  });

  it('tells of dead letters, and of what operators did', async () => {
    await open();
    scene.put('a');
    scene.handler = () => {
      throw new Error('bad');
    };
    scene.state = { ...scene.state, noted: [{ kind: 'paused', atMs: 1, by: 'jane' }] };
    await scene.run().catch(() => undefined);
    for (let slices = 0; slices < 5 && (await entries()).every(({ deadLettered }) => !deadLettered); slices += 1)
      await scene.fail(scene.begin()).catch(() => undefined);
    const kinds = (await entries()).flatMap(({ events }) => events.map(({ kind }) => kind));
    expect(kinds).toEqual(expect.arrayContaining(['paused', 'deadLettered']));
    expect((await entries()).some(({ deadLettered }) => deadLettered === 1)).toBe(true);
  });

  it('holds nothing up when it cannot be written', async () => {
    await open();
    scene.put('a', 'b');
    scene.history.append = () => Promise.reject(new Error('throttled'));
    expect(await scene.run()).toMatchObject({ end: 'interval', batches: 1 });
  });
});
