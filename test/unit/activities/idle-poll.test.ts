import { BatchSource } from '../../../src/activities/batch-source';
import { watchedReader } from '../../../src/activities/watched-reads';
import { OpenedReader } from '../../../src/kinesis/opened-reader';
import { ReaderScene } from '../kinesis/shard-reader-scene';

let scene: ReaderScene;

beforeEach(async () => {
  scene = await ReaderScene.open();
});

afterEach(() => scene.close());

/** As a slice has it. */
function openSource(): BatchSource {
  const opened = new OpenedReader(scene.reader({ pollIntervalMs: 1_000 }), {
    start: { at: 'TRIM_HORIZON' },
    hashRange: async () => undefined,
    onLeftOut: () => undefined,
  });
  const limits = { maxBatchRecords: 100, maxBatchBytes: 1_000_000, maxBatchWaitMs: 0 };
  return new BatchSource(watchedReader(opened, scene.shard), limits);
}

describe('the wait for the next poll of an idle shard', () => {
  it('comes before the read: nothing of a read is alive meanwhile', async () => {
    const source = openSource();
    const { signal } = new AbortController();
    const wasDrained: boolean[] = [];
    // Once the call that waits has got as far as it gets.
    scene.onWait = () => queueMicrotask(() => wasDrained.push(source.isDrained));
    for (let pages = 0; pages < 3; pages += 1) expect((await source.next(signal)).kind).toBe('empty');
    expect(scene.waitsMs).toEqual([1_000, 1_000]);
    expect(wasDrained).toEqual([true, true]);
    expect(scene.server.requests.count('GetRecords')).toBe(3);
  });

  it('is one wait, although timers come up to a millisecond early', async () => {
    const source = openSource();
    scene.earlyMs = 0.5;
    const { signal } = new AbortController();
    for (let pages = 0; pages < 4; pages += 1) await source.next(signal);
    expect(scene.waitsMs).toEqual([1_000, 1_000, 1_000]);
  });

  it('ends with the signal, and the next call waits for what is left of it and reads on', async () => {
    const source = openSource();
    const stop = new AbortController();
    await source.next(stop.signal);
    scene.onWait = (waits) => {
      if (waits === 1) stop.abort(new Error('stopped'));
    };
    await expect(source.next(stop.signal)).rejects.toThrow('stopped');
    expect(scene.server.requests.count('GetRecords')).toBe(1);
    expect(source.isDrained).toBe(true);
    scene.put('a');
    const next = await source.next(new AbortController().signal);
    expect(next).toMatchObject({ kind: 'batch', records: [{ partitionKey: 'key' }] });
    expect(scene.waitsMs.slice(0, 2)).toEqual([1_000, 600]);
    source.close();
  });
});
