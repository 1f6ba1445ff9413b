import { eventually } from '../../support/eventually';
import { SliceScene } from './support/slice-scene';

const HOUR_MS = 3_600_000;

let scene: SliceScene;

beforeEach(async () => {
  scene = await SliceScene.open({ maxBatchRecords: 2, historyIntervalMs: 60_000 });
});

afterEach(() => scene.close());

/** Fails on every batch that holds this payload. */
function failOn(text: string, error: unknown = new Error(`bad ${text}`)): void {
  scene.handler = ({ records }) => {
    if (records.some((record) => record.text() === text)) throw error;
  };
}

describe('a failing handler', () => {
  it('fails the activity with what was committed before, and what comes next', async () => {
    scene.put('a', 'b', 'c', 'd');
    failOn('d');
    const slice = scene.begin();
    const failure = await scene.fail(slice);
    const sequenceNumbers = scene.sequenceNumbers();
    expect(failure).toMatchObject({
      checkpoint: { position: { at: 'AFTER', sequenceNumber: sequenceNumbers[1] }, token: 'token-2' },
      progress: { totals: { records: 2, bytes: 2, batches: 1 } },
      streak: { failures: 1 },
      retryAfterMs: 1_000,
      batches: 1,
      worker: 'worker-1',
      error: { code: 'HANDLER_FAILED', atMs: expect.any(Number) },
    });
    expect(scene.store.rowOf(scene.shard)).toMatchObject(failure.checkpoint);
    expect(failure.error.message).toContain(`2 records, ${sequenceNumbers[2]} to ${sequenceNumbers[3]}`);
    await expect(slice.done).rejects.toMatchObject({ nonRetryable: true });
  });

  it('is tried again with the same batch, counted, until it succeeds; nothing is skipped or repeated', async () => {
    const attempts: number[] = [];
    scene.put('a', 'b', 'c');
    scene.handler = ({ records }, { attempt }) => {
      attempts.push(attempt);
      if (records[0]?.text() === 'a' && attempt < 3) throw new Error('not yet');
    };
    expect((await scene.fail(scene.begin())).streak.failures).toBe(1);
    expect((await scene.fail(scene.begin())).streak.failures).toBe(2);
    scene.deploy({ maxBatchRecords: 2, historyIntervalMs: 0 });
    await scene.run();
    await scene.run();
    expect(attempts).toEqual([1, 2, 3, 1]);
    expect(scene.handled).toEqual([['a', 'b'], ['a', 'b'], ['a', 'b'], ['c']]);
    expect(scene.store.reads).toBe(1);
  });

  it('begins a new count with the next batch of the same slice', async () => {
    const attempts: number[] = [];
    scene.put('a', 'b', 'c', 'd');
    scene.handler = ({ records }, { attempt }) => {
      attempts.push(attempt);
      if (attempts.length === 1 || records[0]?.text() === 'c') throw new Error('not yet');
    };
    await scene.fail(scene.begin());
    expect((await scene.fail(scene.begin())).streak.failures).toBe(1);
    expect(attempts).toEqual([1, 2, 1]);
  });

  it('leaves no text of its error behind, nor any payload', async () => {
    scene.put('canary-payload');
    scene.handler = ({ records }) => JSON.parse(`{${records[0]?.text()}`) as undefined;
    const slice = scene.begin();
    const failure = await scene.failureOf(slice);
    expect(JSON.stringify([failure, failure.details, failure.stack, slice.logged, slice.heartbeats])).not.toContain(
      'canary',
    );
    expect(failure.message).toContain('SyntaxError');
    expect(failure.cause).toBeUndefined();
  });

  it('shows its text where the user asks for it', async () => {
    scene.deploy({ errorDetail: 'message' });
    scene.put('a');
    failOn('a');
    expect((await scene.fail(scene.begin())).error.message).toContain('Error: bad a');
  });

  const oddities: [string, unknown][] = [
    ['nothing', undefined],
    ['null', null],
    ['a string', 'canary'],
    ['an object', { canary: true }],
    [
      'an error that cannot be read',
      Object.defineProperty(new Error('x'), 'name', {
        get: () => {
          throw new Error('canary');
        },
      }),
    ],
    [
      'a hostile proxy',
      new Proxy(
        {},
        {
          get: () => {
            throw new Error('canary');
          },
          has: () => {
            throw new Error('canary');
          },
          getPrototypeOf: () => {
            throw new Error('canary');
          },
        },
      ),
    ],
    [
      'what looks like an error of Tidemark',
      Object.assign(new Error('canary'), { name: 'TidemarkError', code: 'HANDLER_TIMEOUT' }),
    ],
  ];

  it.each(oddities)('that throws %s is a failure of the handler like any other', async (_, error) => {
    scene.put('a');
    failOn('a', error);
    const failure = await scene.fail(scene.begin());
    expect(failure.error.code).toBe('HANDLER_FAILED');
    expect(failure.error.message).not.toContain('canary');
  });

  it.each([
    ['an array', [1]],
    ['null', null],
    ['false', false],
    ['a list of failures as Lambda has it', { batchItemFailures: [] }],
  ])('is also one that returns %s', async (_, result) => {
    scene.put('a');
    scene.handler = () => Promise.resolve(result as never);
    expect((await scene.fail(scene.begin())).error.message).toContain('The handler returned a');
    expect(scene.store.writes).toHaveLength(1);
  });

  it('is also one that takes too long: its signal aborts, nothing is committed', async () => {
    scene.deploy({ handlerTimeoutMs: 100 });
    scene.put('a');
    let signal: AbortSignal | undefined;
    scene.handler = (_, context) => {
      signal = context.signal;
      return new Promise(() => undefined);
    };
    const failure = await scene.fail(scene.begin());
    expect(failure.error).toMatchObject({ code: 'HANDLER_TIMEOUT' });
    expect(failure.error.message).toContain('longer than 100 ms');
    expect(signal?.aborted).toBe(true);
    expect(scene.store.writes).toHaveLength(1);
  });

  it('does not fail other slices of the same process', async () => {
    scene.put('a');
    scene.handler = () => {
      throw new Error('bad');
    };
    await scene.fail(scene.begin());
    scene.handler = () => undefined;
    scene.deploy({ historyIntervalMs: 0 });
    expect((await scene.run()).end).toBe('interval');
  });
});

describe('a shard whose handler fails for longer than retention', () => {
  it('is never taken for caught up: its loss is reported, and what is left is handled', async () => {
    scene.deploy({ historyIntervalMs: 0 });
    scene.put('first');
    await scene.run();
    const caughtUpAtMs = scene.state.progress.caughtUpAtMs;
    scene.put('poison');
    failOn('poison');
    expect((await scene.fail(scene.begin())).progress.caughtUpAtMs).toBe(caughtUpAtMs);
    scene.server.advanceClock(23 * HOUR_MS);
    scene.put('kept');
    scene.deploy({ historyIntervalMs: 0 });
    expect((await scene.fail(scene.begin())).progress.caughtUpAtMs).toBe(caughtUpAtMs);
    scene.server.advanceClock(2 * HOUR_MS);
    scene.deploy({ historyIntervalMs: 0 });
    const result = await scene.run();
    expect(scene.handled.at(-1)).toEqual(['kept']);
    expect(result.events).toMatchObject([
      { kind: 'dataLoss', cause: 'retention', fromMs: expect.any(Number) },
      // What failed for so long was at risk before.
      { kind: 'outOfRisk' },
    ]);
  });
});

it('ends for good, with the reason, when its stream is deleted', async () => {
  scene.put('a');
  scene.deploy({ historyIntervalMs: 60_000 });
  const slice = scene.begin();
  await eventually(() => scene.handled.length === 1);
  scene.server.deleteStream('flights');
  expect(await scene.failureOf(slice)).toMatchObject({ type: 'STREAM_DELETED', nonRetryable: true });
  expect(scene.store.rowOf(scene.shard).position.at).toBe('AFTER');
});

it('never reads a stream created anew under its name', async () => {
  scene.server.deleteStream('flights');
  scene.server.createStream('flights', 1);
  scene.put('of the new stream');
  expect(await scene.failureOf(scene.begin())).toMatchObject({ type: 'STREAM_RECREATED', nonRetryable: true });
  expect(scene.handled).toEqual([]);
});
