import { eventually } from '../../support/eventually';
import { jumpingClock } from './support/jumping-clock';
import { SliceScene } from './support/slice-scene';

const HOUR_MS = 3_600_000;

let scene: SliceScene;
let pass: (ms: number) => void;

beforeEach(async () => {
  scene = await SliceScene.open({ historyIntervalMs: 0 });
  pass = jumpingClock(scene);
});

afterEach(async () => {
  jest.restoreAllMocks();
  await scene.close();
});

describe('the length of a slice', () => {
  it('is one batch with an interval of 0', async () => {
    scene.deploy({ historyIntervalMs: 0, maxBatchRecords: 2 });
    scene.put('a', 'b', 'c');
    expect(await scene.run()).toMatchObject({ end: 'interval', batches: 1, progress: { totals: { records: 2 } } });
    expect(await scene.run()).toMatchObject({
      end: 'interval',
      batches: 1,
      progress: { totals: { records: 3, batches: 2 } },
    });
  });

  it('is the interval while there is work, and each batch is committed', async () => {
    scene.deploy({ historyIntervalMs: 10_000, maxBatchRecords: 1 });
    scene.put('a', 'b', 'c');
    const slice = scene.begin({ heartbeatTimeoutMs: HOUR_MS });
    await eventually(() => scene.handled.length === 3);
    pass(10_000);
    expect(await scene.end(slice)).toMatchObject({ end: 'interval', batches: 3 });
    expect(scene.store.writes).toHaveLength(4);
  });

  /** Begins a slice, and lets time pass twice: the slice goes on for the first, and is over with the second. */
  async function endsAfter(firstMs: number, secondMs: number): Promise<void> {
    const before = scene.reads;
    const slice = scene.begin({ heartbeatTimeoutMs: HOUR_MS });
    await eventually(() => scene.reads > before);
    pass(firstMs);
    const calls = scene.reads;
    await eventually(() => scene.reads > calls + 1);
    pass(secondMs);
    expect(await scene.end(slice)).toMatchObject({ end: 'interval', batches: 0 });
  }

  it('is five minutes for a shard that is known to be caught up, whatever the interval', async () => {
    scene.put('a');
    await scene.run();
    await endsAfter(290_000, 10_000);
  });

  it('is a minute with what the workflow does not know yet: here the claim, and that there is nothing to read', () =>
    endsAfter(50_000, 10_000));

  it('is a minute for a shard that walks through empty pages: its lag is to be told', async () => {
    await endsAfter(50_000, 10_000);
    scene.holdBack(5_000);
    await endsAfter(50_000, 10_000);
  });

  it('ends with the first batch after an idle time', async () => {
    scene.deploy({ historyIntervalMs: 10_000 });
    const slice = scene.begin({ heartbeatTimeoutMs: HOUR_MS });
    await eventually(() => scene.reads > 1);
    // Longer than the interval, and shorter than an idle slice.
    pass(30_000);
    scene.put('a');
    expect(await scene.end(slice)).toMatchObject({ end: 'interval', batches: 1 });
  });
});
