import type { ReplayNote } from '../../../src/activities/replay-slice';
import { eventually } from '../../support/eventually';
import { bytesField, sealed } from '../../support/kpl/messages';
import { FIRST_SHARD, ReplayScene } from './support/replay-scene';

let scene: ReplayScene;

beforeEach(async () => {
  scene = await ReplayScene.open({ maxBatchRecords: 2, onFailure: { maxAttempts: 3, minBackoffMs: 0 } });
});

afterEach(() => scene.close());

const gate = (): { opened: Promise<void>; open: () => void } => {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
};

describe('an execution of a replay', () => {
  it('goes on where the one before it last told, with its counts', async () => {
    scene.put('a', 'b', 'c', 'd', 'e');
    const first = scene.begin();
    scene.handler = ({ records }) => (records.length === 1 ? new Promise(() => undefined) : undefined);
    const told = (): ReplayNote | undefined => first.heartbeats.at(-1) as ReplayNote | undefined;
    await eventually(() => told()?.replay?.gain.counts.records === 4, { timeoutMs: 30_000 });
    // It hangs in its last batch, and its worker dies.
    first.cancel({ timedOut: true });
    await first.done.catch(() => undefined);
    scene.handler = () => undefined;
    const second = await scene.begin({}, { attempt: 2, heartbeatDetails: told() }).done;
    expect(second).toMatchObject({ end: 'interval', counts: { records: 4 } });
    const third = await scene.begin({ shard: second.shard }).done;
    expect(third.counts.records).toBe(1);
    expect(scene.given).toEqual([['a', 'b'], ['c', 'd'], ['e'], ['e']]);
  });

  it.each([
    ['cancelled', { cancelRequested: true }],
    ['handOver', { workerShutdown: true }],
  ] as const)('ends %s after the batch in flight, which counts', async (end, reason) => {
    scene.put('a', 'b', 'c', 'd');
    const { opened, open } = gate();
    scene.handler = () => opened;
    const slice = scene.begin();
    await eventually(() => scene.given.length === 1);
    slice.cancel(reason);
    open();
    const result = await slice.done;
    expect(result).toMatchObject({ end, counts: { records: 2 } });
    scene.handler = () => undefined;
    await scene.begin({ shard: result.shard }).done;
    expect(scene.given).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
  });

  it('that is stopped between two attempts runs the batch again, and counts it once', async () => {
    await scene.close();
    scene = await ReplayScene.open({ onFailure: { maxAttempts: 3, minBackoffMs: 600_000, maxBackoffMs: 600_000 } });
    scene.put('a');
    scene.handler = () => {
      throw new Error('planted');
    };
    const slice = scene.begin();
    await eventually(() => scene.given.length === 1);
    slice.cancel({ cancelRequested: true });
    expect(await slice.done).toMatchObject({ end: 'cancelled', shard: {}, counts: { records: 0, failed: 0 } });
  });

  it('does not end among empty pages: only its iterator knows how far they have come', async () => {
    const [arrivedMs] = scene.put('a');
    const sliceMs = 5_000;
    const realNow = performance.now.bind(performance);
    let elapsedMs = 0;
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => realNow() + elapsedMs);
    const gap = scene.server.faults.add({
      operation: 'GetRecords',
      times: 3,
      action: {
        rewrite: (answer, { body }) => {
          elapsedMs += sliceMs;
          return { ...answer, Records: [], MillisBehindLatest: 1_000, NextShardIterator: body.ShardIterator };
        },
      },
    });
    const result = await scene.begin().done.finally(() => clock.mockRestore());
    expect(gap.hits).toBe(3);
    expect(result).toMatchObject({ end: 'interval', shard: { lastArrivalMs: arrivedMs }, counts: { records: 1 } });
  });

  it('moves behind an aggregate of which nothing is left', async () => {
    scene.server.advanceClock(1_000);
    scene.server.put('flights', 'key', sealed(bytesField(1, 'ORD')));
    const [{ sequenceNumber } = {}] = scene.server.records('flights', FIRST_SHARD);
    const request = scene.request();
    scene.server.advanceClock(5_000);
    const result = await scene.begin({ request }).done;
    expect(result).toMatchObject({ end: 'rangeEnd', shard: { position: { at: 'AFTER', sequenceNumber } } });
    expect(scene.given).toEqual([]);
  });

  it('is paused by an operator by failing, without a trace', async () => {
    const slice = scene.begin();
    slice.cancel({ paused: true });
    await expect(slice.done).rejects.toMatchObject({ type: 'PAUSED' });
  });

  it('whose worker does not know the consumer waits for another one', async () => {
    const { stream, ...request } = scene.request();
    const slice = scene.begin({ request: { ...request, stream: { ...stream, consumer: 'other' } } });
    await expect(slice.done).rejects.toMatchObject({ type: 'UNKNOWN_CONSUMER', nonRetryable: false });
    expect(FIRST_SHARD).toBe(scene.shard.shardId);
  });
});
