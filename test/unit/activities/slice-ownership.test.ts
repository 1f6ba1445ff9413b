import { TidemarkError } from '../../../src/core/errors';
import { eventually } from '../../support/eventually';
import { SliceScene } from './support/slice-scene';

let scene: SliceScene;

beforeEach(async () => {
  scene = await SliceScene.open({ historyIntervalMs: 0 });
});

afterEach(() => scene.close());

/** Holds the handler until `release`, or until its signal aborts. */
function heldHandler(): { signal?: AbortSignal; begun: number; release: () => void } {
  const held: { signal?: AbortSignal; begun: number; release: () => void } = { begun: 0, release: () => undefined };
  scene.handler = (_, { signal }) => {
    held.signal = signal;
    held.begun += 1;
    return new Promise<void>((resolve) => (held.release = resolve));
  };
  return held;
}

const AWAY = new TidemarkError('DYNAMODB_UNAVAILABLE', 'away');

describe('acquiring the checkpoint', () => {
  it('claims in the first slice, which creates the row, and trusts the token afterwards', async () => {
    scene.put('a');
    const first = await scene.run();
    expect(first.events).toMatchObject([{ kind: 'claimed', adopted: 'created' }]);
    expect(scene.store.writes.map(({ condition }) => condition)).toEqual([{ absent: true }, { token: 'token-1' }]);
    scene.put('b');
    const second = await scene.run();
    expect(second.events).toEqual([]);
    expect(scene.store.reads).toBe(1);
    expect(scene.store.writes.at(-1)?.condition).toEqual({ token: 'token-2' });
    expect(scene.handled).toEqual([['a'], ['b']]);
  });

  it.each([
    ['another attempt', { attempt: 2 }],
    ['another run: a reset', { runId: 'run-2' }],
  ])('claims in %s, and goes on from the row', async (_, info) => {
    scene.put('a');
    await scene.run();
    scene.put('b');
    const result = await scene.run(info);
    expect(result.events).toMatchObject([{ kind: 'claimed', adopted: 'none' }]);
    expect(scene.store.reads).toBe(2);
    expect(scene.handled).toEqual([['a'], ['b']]);
  });

  it('adopts a row that is ahead: its completion was lost', async () => {
    scene.put('a');
    const before = scene.state;
    await scene.run();
    scene.state = { ...before, activitySeq: 1 };
    scene.put('b');
    const result = await scene.end(scene.attempt({ attempt: 2 }));
    expect(result.events).toMatchObject([{ kind: 'claimed', adopted: 'row' }]);
    expect(result.progress.totals.records).toBe(2);
    expect(scene.handled).toEqual([['a'], ['b']]);
  });

  it('is over at once for a claim that comes too late', async () => {
    scene.put('a');
    await scene.run();
    scene.store.change(scene.shard, { writer: { runId: 'run-1', activityId: '9', activitySeq: 9, attempt: 1 } });
    const result = await scene.run({ attempt: 2 });
    expect(result.end).toBe('fenced');
    expect(scene.handled).toHaveLength(1);
  });

  it('is given up on a stop while DynamoDB does not answer, and writes nothing more', async () => {
    scene.store.beforeWrite = () => Promise.reject(AWAY);
    const slice = scene.begin();
    await eventually(() => scene.store.writes.length > 1);
    slice.cancel({ workerShutdown: true });
    const failure = await scene.failureOf(slice);
    expect(failure).toMatchObject({ type: 'OWNERSHIP_EXPIRED', nonRetryable: false });
    expect(scene.handled).toEqual([]);
  });
});

describe('a checkpoint that another execution has moved', () => {
  it('fences the commit: no second claim, no checkpoint in the result, and the next slice claims', async () => {
    scene.put('a');
    await scene.run();
    scene.put('b');
    scene.handler = () => scene.store.change(scene.shard, { token: 'of another execution' });
    const writes = scene.store.writes.length;
    const fenced = await scene.run();
    expect(fenced).toMatchObject({ end: 'fenced', events: [{ kind: 'fenced' }] });
    expect(fenced.checkpoint).toBeUndefined();
    expect(scene.store.writes).toHaveLength(writes + 1);
    expect(scene.store.reads).toBe(1);
    scene.handler = () => undefined;
    const next = await scene.run();
    expect(next.events).toMatchObject([{ kind: 'claimed', adopted: 'none' }]);
    expect(scene.handled).toEqual([['a'], ['b'], ['b']]);
  });

  it('and has gone past: its records are not handled again', async () => {
    scene.put('a', 'b');
    scene.deploy({ maxBatchRecords: 1 });
    const [, second = ''] = scene.sequenceNumbers();
    scene.handler = () =>
      scene.store.change(scene.shard, { token: 'of another', position: { at: 'AFTER', sequenceNumber: second } });
    await scene.run();
    scene.put('c');
    scene.handler = () => undefined;
    expect((await scene.run()).events).toMatchObject([{ kind: 'claimed', adopted: 'row' }]);
    expect(scene.handled).toEqual([['a'], ['c']]);
  });
});

describe('a stop', () => {
  it.each([
    ['handOver', { workerShutdown: true }],
    ['cancelled', { cancelRequested: true }],
  ] as const)('as %s lets the batch in flight finish, commits it, and begins no other', async (end, reason) => {
    scene.deploy({ maxBatchRecords: 2, historyIntervalMs: 60_000 });
    scene.put('a', 'b', 'c');
    const held = heldHandler();
    const slice = scene.begin();
    await eventually(() => held.begun === 1);
    slice.cancel(reason);
    expect(held.signal?.aborted).toBe(false);
    held.release();
    const result = await scene.end(slice);
    expect(result).toMatchObject({ end, batches: 1 });
    expect(scene.store.rowOf(scene.shard).position).toEqual(result.checkpoint?.position);
    scene.handler = () => undefined;
    scene.deploy({ historyIntervalMs: 0 });
    await scene.run();
    expect(scene.handled).toEqual([['a', 'b'], ['c']]);
  });

  it('as a pause by an operator commits, then fails so that Temporal may begin again later', async () => {
    scene.put('a');
    const held = heldHandler();
    scene.deploy({ historyIntervalMs: 60_000 });
    const slice = scene.begin();
    await eventually(() => held.begun === 1);
    slice.cancel({ paused: true });
    held.release();
    expect(await scene.failureOf(slice)).toMatchObject({ type: 'PAUSED', nonRetryable: false });
    scene.handler = () => undefined;
    scene.put('b');
    scene.deploy({ historyIntervalMs: 0 });
    expect((await scene.end(scene.attempt({ attempt: 2 }))).events).toMatchObject([
      { kind: 'claimed', adopted: 'row' },
    ]);
    expect(scene.handled).toEqual([['a'], ['b']]);
  });

  it('of an idle shard ends at once', async () => {
    const slice = scene.begin();
    await eventually(() => scene.reads > 0);
    slice.cancel({ workerShutdown: true });
    expect((await scene.end(slice)).end).toBe('handOver');
  });

  it('before the slice has begun claims, so that the state is decided, and reads nothing', async () => {
    const slice = scene.begin();
    slice.cancel({ cancelRequested: true });
    expect((await scene.end(slice)).end).toBe('cancelled');
    expect(scene.reads).toBe(0);
  });

  it('waits for a commit that DynamoDB has not answered yet, as long as the shard is held', async () => {
    scene.put('a');
    let fails = true;
    scene.store.beforeWrite = ({ next }) => {
      if (next.position.at === 'AFTER' && fails) throw AWAY;
    };
    const slice = scene.begin();
    await eventually(() => scene.store.writes.length > 3);
    slice.cancel({ workerShutdown: true });
    fails = false;
    expect(await scene.end(slice)).toMatchObject({ batches: 1 });
    expect(scene.handled).toEqual([['a']]);
  });
});

describe('a shard that Temporal has given to another', () => {
  it.each([{ notFound: true }, { timedOut: true }, { reset: true }])(
    'aborts the handler and commits nothing: %j',
    async (reason) => {
      scene.put('a');
      const held = heldHandler();
      const slice = scene.begin();
      await eventually(() => held.begun === 1);
      const writes = scene.store.writes.length;
      slice.cancel(reason);
      expect(held.signal?.aborted).toBe(true);
      expect(await scene.failureOf(slice)).toMatchObject({ type: 'OWNERSHIP_EXPIRED', nonRetryable: false });
      held.release();
      await new Promise((resolve) => setImmediate(resolve));
      expect(scene.store.writes).toHaveLength(writes);
    },
  );

  it('during an undecided commit writes nothing else: the next attempt claims', async () => {
    scene.put('a');
    scene.store.beforeWrite = ({ next }) => {
      if (next.position.at === 'AFTER') throw AWAY;
    };
    const slice = scene.begin();
    await eventually(() => scene.store.writes.length > 3);
    slice.cancel({ timedOut: true });
    expect(await scene.failureOf(slice)).toMatchObject({ type: 'OWNERSHIP_EXPIRED' });
    const commits = scene.store.writes.slice(1);
    expect(new Set(commits.map(({ next }) => next.token)).size).toBe(1);
    const writes = scene.store.writes.length;
    scene.store.beforeWrite = () => undefined;
    await scene.end(scene.attempt({ attempt: 2 }));
    expect(scene.store.writes[writes]?.condition).toEqual({ token: 'token-1' });
    expect(scene.handled).toEqual([['a'], ['a']]);
  });

  it('takes the answer of its own lost reply for what it is', async () => {
    scene.put('a');
    let lost = 0;
    scene.store.afterWrite = () => {
      lost += 1;
      if (lost <= 2) throw AWAY;
    };
    expect(await scene.run()).toMatchObject({ end: 'interval', batches: 1 });
    expect(scene.handled).toEqual([['a']]);
  });
});

describe('a process that was frozen', () => {
  let jumpMs = 0;

  beforeEach(() => {
    jumpMs = 0;
    const now = performance.now.bind(performance);
    jest.spyOn(performance, 'now').mockImplementation(() => now() + jumpMs);
  });

  afterEach(() => jest.restoreAllMocks());

  it('does not claim', async () => {
    scene.put('a');
    await scene.run();
    scene.store.beforeWrite = () => {
      scene.store.change(scene.shard, { token: 'of another' });
      jumpMs += 61_000;
    };
    const writes = scene.store.writes.length;
    const failure = await scene.failureOf(scene.begin({ attempt: 2 }));
    expect(failure).toMatchObject({ type: 'OWNERSHIP_EXPIRED' });
    expect(scene.store.writes).toHaveLength(writes + 1);
  });

  it('gives up by itself: the handler is aborted, nothing is committed', async () => {
    scene.put('a');
    const held = heldHandler();
    const slice = scene.begin({ heartbeatTimeoutMs: 2_000 });
    await eventually(() => held.begun === 1);
    const writes = scene.store.writes.length;
    jumpMs += 2_001;
    expect(await scene.failureOf(slice)).toMatchObject({ type: 'OWNERSHIP_EXPIRED' });
    expect(held.signal?.aborted).toBe(true);
    expect(scene.store.writes).toHaveLength(writes);
  });
});

describe('heartbeats', () => {
  it('say where the shard stands and what it waits for, and stop with the slice', async () => {
    const action = { error: 'LimitExceededException' } as const;
    const refused = scene.server.faults.add({ operation: scene.readOperation, action });
    const slice = scene.begin({ heartbeatTimeoutMs: 40 * 1_000 });
    await eventually(() => refused.hits > 0);
    const short = scene.attempt({ heartbeatTimeoutMs: 2_000, attempt: 2 });
    await eventually(() => short.heartbeats.some((note) => (note as { waitingFor?: string } | undefined)?.waitingFor));
    expect(short.heartbeats.at(-1)).toEqual({
      position: 'TRIM_HORIZON',
      records: 0,
      waitingFor: 'THROUGHPUT_EXCEEDED',
    });
    for (const running of [slice, short]) running.cancel({ cancelRequested: true });
    // By fan-out, the attempt that came later has taken the feed: the earlier one may have failed by now.
    await Promise.allSettled([slice.done, short.done]);
    const count = short.heartbeats.length;
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(short.heartbeats).toHaveLength(count);
  });

  it('do not go on saying that a claim waited, once it is made', async () => {
    let fails = 2;
    scene.store.beforeWrite = () => {
      fails -= 1;
      if (fails >= 0) throw AWAY;
    };
    const slice = scene.begin({ heartbeatTimeoutMs: 2_000 });
    await eventually(() => scene.reads > 0);
    const before = slice.heartbeats.length;
    await eventually(() => slice.heartbeats.length > before);
    expect(slice.heartbeats.at(-1)).toEqual({ position: 'TRIM_HORIZON', records: 0 });
    slice.cancel({ cancelRequested: true });
    await slice.done;
  });
});
