import { TidemarkError } from '../../../src/core/errors';
import { eventually } from '../../support/eventually';
import { jumpingClock } from './support/jumping-clock';
import { SliceScene, SHARD } from './support/slice-scene';
import { IS_FAN_OUT } from './support/source';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

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

/** A slice of an idle shard, from beginning to end, with its minutes cut short. */
async function idle(minutes: number): Promise<void> {
  const calls = scene.reads;
  const slice = scene.begin({ heartbeatTimeoutMs: HOUR_MS });
  await eventually(() => scene.reads > calls, { intervalMs: 5 });
  pass(minutes * MINUTE_MS);
  await scene.end(slice);
}

describe('an idle shard', () => {
  it('writes its row at most once in five minutes, and then says when it was caught up', async () => {
    await idle(2);
    expect(scene.store.writes).toHaveLength(1);
    await idle(5);
    expect(scene.store.writes).toHaveLength(2);
    const row = scene.store.rowOf(scene.shard);
    expect(row.position).toEqual({ at: 'TRIM_HORIZON' });
    expect(scene.server.now() - (row.caughtUpAtMs ?? 0)).toBeLessThan(6 * MINUTE_MS);
    await idle(5);
    expect(scene.store.writes).toHaveLength(3);
    expect(scene.store.reads).toBe(scene.looks);
  });

  it('writes its row in time, though no slice lives long enough to end by itself', async () => {
    await idle(2);
    const calls = scene.reads;
    const slice = scene.begin({ heartbeatTimeoutMs: HOUR_MS });
    await eventually(() => scene.reads > calls);
    pass(4 * MINUTE_MS);
    await eventually(() => scene.store.writes.length === 2);
    await scene.end(slice);
  });

  it('whose last commit bears a time to come, of a clock that was ahead, writes its row, too, and once', async () => {
    await idle(2);
    const committedAtMs = scene.server.now() + 48 * HOUR_MS;
    scene.store.change(scene.shard, { committedAtMs });
    scene.state = { ...scene.state, progress: { ...scene.state.progress, committedAtMs } };
    const slice = scene.begin({ heartbeatTimeoutMs: HOUR_MS });
    await eventually(() => scene.store.writes.length === 2);
    pass(4 * MINUTE_MS);
    await scene.end(slice);
    expect(scene.store.writes).toHaveLength(2);
    expect(scene.store.rowOf(scene.shard).committedAtMs).toBeLessThan(committedAtMs);
  });

  it('that is behind the tip does not say that it is caught up', async () => {
    scene.holdBack(5_000);
    await idle(6);
    await idle(6);
    expect(scene.store.writes).toHaveLength(1);
    expect(scene.state.progress).toMatchObject({ millisBehindLatest: 5_000 });
    expect(scene.state.progress.caughtUpAtMs).toBeUndefined();
  });

  it('that has lost its row to another says so, and does not write it', async () => {
    await idle(5);
    scene.store.change(scene.shard, { token: 'of another' });
    const row = scene.store.rowOf(scene.shard);
    const calls = scene.reads;
    const slice = scene.begin({ heartbeatTimeoutMs: HOUR_MS });
    await eventually(() => scene.reads > calls);
    pass(6 * MINUTE_MS);
    expect((await scene.end(slice)).end).toBe('fenced');
    expect(scene.store.rowOf(scene.shard)).toEqual(row);
  });

  it('of whose last record retention has long taken resumes at the time when it was caught up: nothing was lost', async () => {
    scene.put('a');
    await scene.run();
    pass(23 * HOUR_MS);
    await idle(6);
    pass(2 * HOUR_MS);
    scene.deploy(scene.options);
    scene.put('b');
    const result = await scene.run();
    expect(result.events).toEqual([]);
    expect(scene.handled).toEqual([['a'], ['b']]);
    expect(scene.lastStart).toBe('AT_TIMESTAMP');
  });

  it('reads on from there although the clock of this machine is hours ahead', async () => {
    scene.put('a');
    await scene.run();
    pass(23 * HOUR_MS);
    jest.spyOn(Date, 'now').mockImplementation(() => scene.server.now() + 6 * HOUR_MS);
    await idle(5);
    pass(2 * HOUR_MS);
    scene.put('b');
    pass(MINUTE_MS);
    await scene.run({ heartbeatTimeoutMs: 100 * HOUR_MS });
    expect(scene.handled).toEqual([['a'], ['b']]);
  });
});

describe('retention', () => {
  it('that passed the checkpoint is reported once, with its window, and reading goes on with what is left', async () => {
    scene.put('a');
    await scene.run();
    const committedAtMs = scene.state.progress.lastArrivalMs;
    scene.put('lost');
    pass(20 * HOUR_MS);
    scene.put('kept');
    pass(5 * HOUR_MS);
    const slice = scene.begin({ heartbeatTimeoutMs: 100 * HOUR_MS });
    const result = await scene.end(slice);
    expect(scene.handled).toEqual([['a'], ['kept']]);
    expect(result.events).toEqual([
      {
        kind: 'dataLoss',
        cause: 'retention',
        atMs: expect.any(Number),
        fromMs: expect.any(Number),
        toMs: expect.any(Number),
      },
    ]);
    const [event] = result.events;
    if (event?.kind !== 'dataLoss') throw new Error('no loss was reported');
    expect(event.fromMs).toBeGreaterThanOrEqual(committedAtMs ?? Infinity);
    expect(Math.abs(scene.server.now() - 24 * HOUR_MS - event.toMs)).toBeLessThan(MINUTE_MS);
    expect(slice.logged).toMatchObject([{ level: 'ERROR', fields: { shardId: SHARD } }]);
    scene.put('next');
    expect((await scene.run()).events).toEqual([]);
  });
});

describe('the end of a shard', () => {
  it('is committed although its last record was committed already, and names the children', async () => {
    scene.put('a');
    await scene.run();
    const children = scene.server.split('flights', SHARD);
    expect(await scene.run()).toMatchObject({
      end: 'shardEnd',
      childShardIds: children,
      checkpoint: { position: { at: 'SHARD_END' } },
      progress: { totals: { records: 1 } },
    });
    expect(scene.store.rowOf(scene.shard).position).toEqual({ at: 'SHARD_END' });
  });

  it('of one that never had a record is committed', async () => {
    scene.server.split('flights', SHARD);
    expect((await scene.run()).end).toBe('shardEnd');
    expect(scene.handled).toEqual([]);
    expect(scene.store.rowOf(scene.shard).position).toEqual({ at: 'SHARD_END' });
  });

  it('waits for the records that came with it, over several slices', async () => {
    scene.deploy({ maxBatchRecords: 1 });
    scene.put('a', 'b');
    scene.server.split('flights', SHARD);
    scene.deploy({ maxBatchRecords: 1, historyIntervalMs: 0 });
    const ends = [await scene.run(), await scene.run(), await scene.run()].map(({ end }) => end);
    expect(ends).toEqual(['interval', 'interval', 'shardEnd']);
    expect(scene.handled).toEqual([['a'], ['b']]);
  });

  it('is not committed while a record before it fails', async () => {
    scene.put('a');
    scene.server.split('flights', SHARD);
    scene.handler = () => {
      throw new Error('bad');
    };
    scene.deploy({ historyIntervalMs: MINUTE_MS });
    await scene.fail(scene.begin());
    await scene.fail(scene.begin());
    expect(scene.store.rowOf(scene.shard).position).toEqual({ at: 'TRIM_HORIZON' });
  });

  it('found in the row by a claim is the end, without a read', async () => {
    scene.server.split('flights', SHARD);
    const { state } = scene;
    await scene.run();
    scene.state = { ...state, activitySeq: 1 };
    const reads = scene.reads;
    const result = await scene.end(scene.attempt({ attempt: 2 }));
    expect(result).toMatchObject({ end: 'shardEnd', childShardIds: [], events: [{ adopted: 'row' }] });
    expect(scene.reads).toBe(reads);
    expect(scene.store.rowOf(scene.shard).position).toEqual({ at: 'SHARD_END' });
  });

  it('whose write was fenced is not reported', async () => {
    scene.put('a');
    await scene.run();
    scene.server.split('flights', SHARD);
    scene.store.change(scene.shard, { token: 'of another' });
    expect(await scene.run()).toMatchObject({ end: 'fenced' });
    expect(scene.store.rowOf(scene.shard).position.at).toBe('AFTER');
    expect((await scene.run()).end).toBe('shardEnd');
  });
});

describe('an outage', () => {
  it('of Kinesis when a slice begins is waited out in the slice, visibly', async () => {
    scene.put('a');
    const away = scene.server.faults.add({
      operation: 'DescribeStreamSummary',
      times: 3,
      action: { dropRequest: true },
    });
    const throttled = scene.server.faults.add({
      operation: 'DescribeStreamSummary',
      times: 2,
      action: { error: 'LimitExceededException' },
    });
    const slice = scene.begin();
    await scene.end(slice);
    expect([away.hits, throttled.hits]).toEqual([3, 2]);
    expect(scene.handled).toEqual([['a']]);
    expect(slice.logged.map(({ fields }) => (fields as { code: string }).code)).toEqual([
      'KINESIS_UNAVAILABLE',
      'KINESIS_UNAVAILABLE',
      'KINESIS_UNAVAILABLE',
      'THROUGHPUT_EXCEEDED',
      'THROUGHPUT_EXCEEDED',
    ]);
  });

  it('of Kinesis when a slice begins does not hold up a stop', async () => {
    scene.server.faults.add({ operation: 'DescribeStreamSummary', action: { hang: true } });
    const slice = scene.begin();
    await eventually(() => scene.server.requests.count('DescribeStreamSummary') > 0);
    slice.cancel({ workerShutdown: true });
    expect((await scene.end(slice)).end).toBe('handOver');
  });

  it('of DynamoDB does not run the handler again for a commit that cannot be written', async () => {
    scene.put('a');
    let failures = 5;
    scene.store.beforeWrite = ({ next }) => {
      if (next.position.at === 'AFTER' && (failures -= 1) >= 0)
        throw new TidemarkError('THROUGHPUT_EXCEEDED', 'throttled');
    };
    expect(await scene.run()).toMatchObject({ end: 'interval', batches: 1 });
    expect(scene.handled).toEqual([['a']]);
    expect(scene.store.writes).toHaveLength(7);
    expect(new Set(scene.store.writes.slice(1).map((write) => JSON.stringify(write))).size).toBe(1);
  });
});

describe('a slice after another on the same worker', () => {
  it('goes on with the iterator and the pages at hand', async () => {
    scene.deploy({ maxBatchRecords: 2 });
    scene.put('a', 'b', 'c', 'd', 'e');
    await scene.run();
    await scene.run();
    await scene.run();
    expect(scene.handled).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
    expect(scene.starts).toBe(1);
  });

  it('reads anew where the checkpoint was written in between', async () => {
    scene.deploy({ maxBatchRecords: 2 });
    scene.put('a', 'b', 'c', 'd');
    await scene.run();
    await scene.end(scene.begin({ attempt: 2 }));
    expect(scene.handled).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    // A subscription has no gap: what it brought is good for whoever goes on inside of it.
    expect(scene.starts).toBe(IS_FAN_OUT ? 1 : 2);
  });
});
