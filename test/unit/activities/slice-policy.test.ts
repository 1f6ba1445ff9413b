import { RecordRejectedError } from '../../../src';
import type { FailureOptions } from '../../../src/core/failure-options';
import type { ConsumerOptions } from '../../../src/core/options';
import { SliceScene } from './support/slice-scene';

let scene: SliceScene;

const LONG = 60_000;

async function open(onFailure: FailureOptions = {}, more: Partial<ConsumerOptions> = {}): Promise<void> {
  scene = await SliceScene.open({ maxBatchRecords: 8, historyIntervalMs: LONG, onFailure, ...more });
}

afterEach(() => scene.close());

/** Throws on every batch that holds one of these payloads. */
function throwOn(...bad: string[]): void {
  scene.handler = ({ records }) => {
    if (records.some((record) => bad.includes(record.text()))) throw new Error('bad');
  };
}

/** Slices until everything is committed, as the workflow runs them: one after the other, without its delays. */
async function runThrough(last: string): Promise<void> {
  for (let slices = 0; slices < 60; slices += 1) {
    scene.deploy(scene.options);
    const slice = scene.begin();
    const failure = await Promise.race([
      scene.fail(slice).then(
        () => true,
        () => false,
      ),
      caughtUp(last),
    ]);
    if (failure === 'caughtUp') {
      slice.cancel({ cancelRequested: true });
      await scene.end(slice);
      return;
    }
  }
  throw new Error('The shard does not get through');
}

async function caughtUp(last: string): Promise<'caughtUp'> {
  for (;;) {
    const { position } = scene.store.rows.size > 0 ? scene.store.rowOf(scene.shard) : { position: { at: 'NONE' } };
    if ('sequenceNumber' in position && position.sequenceNumber === last) return 'caughtUp';
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const letters = (): string[] => Array.from('abcdefgh');

describe('a batch whose handler throws', () => {
  it('is tried, cut, and goes on without its culprit', async () => {
    await open({ maxAttempts: 2 });
    scene.put(...letters());
    throwOn('f');
    await runThrough(scene.sequenceNumbers().at(-1) ?? '');
    expect((await scene.deadLetters()).map(({ text }) => text)).toEqual(['f']);
    expect(scene.handled.map((batch) => batch.join(''))).toEqual([
      'abcdefgh',
      'abcdefgh',
      'abcd',
      'ef',
      'e',
      'f',
      'gh',
    ]);
  });

  it('tells every step: in the failures of its slices, and in their results', async () => {
    await open({ maxAttempts: 2 });
    scene.put('a', 'b');
    throwOn('b');
    const retry = await scene.fail(scene.begin());
    expect(retry.events.at(-1)).toMatchObject({ kind: 'retry', attempt: 2, of: 2, records: 2, code: 'HANDLER_FAILED' });
    expect(retry.retryAfterMs).toBe(1_000);
    const cut = await scene.fail(scene.begin());
    expect(cut.events.at(-1)).toMatchObject({ kind: 'cut', size: 1, records: 2 });
    expect(cut).toMatchObject({ retryAfterMs: 0, streak: { phase: 'cut', failures: 2 } });
    scene.deploy({ ...scene.options, historyIntervalMs: 0 });
    expect((await scene.run()).events).toEqual([]);
    const result = await scene.run();
    expect(result.events.at(-1)).toMatchObject({
      kind: 'deadLettered',
      sequenceNumber: scene.sequenceNumbers()[1],
      attempts: 3,
      code: 'HANDLER_FAILED',
    });
    expect(result.progress.totals).toMatchObject({ records: 2, deadLettered: 1 });
    expect(scene.state).toMatchObject({ phase: 'READING', streak: undefined, lastError: undefined });
  });

  it('writes all that is known of the culprit, and nothing of its error text', async () => {
    await open({ maxAttempts: 1 }, { deadLetterTtlMs: 86_400_000 });
    scene.put('canary');
    throwOn('canary');
    await runThrough(scene.sequenceNumbers()[0] ?? '');
    const [letter] = await scene.deadLetters();
    expect(letter).toMatchObject({
      partitionKey: 'key',
      sequenceNumber: scene.sequenceNumbers()[0],
      text: 'canary',
      bytes: 6,
      condition: 'RetryAttemptsExhausted',
      status: 'OPEN',
      errors: [{ code: 'HANDLER_FAILED', attempts: 1, workflowId: 'workflow', runId: 'run-1' }],
      expiresAtMs: expect.any(Number),
    });
    expect(letter?.errors[0]?.message).not.toContain('bad');
  });
});

describe('a handler that names what failed', () => {
  it('is not given again what succeeded; its failing records keep their attempts', async () => {
    await open({ maxAttempts: 3 });
    scene.put(...letters());
    scene.handler = ({ records }) => ({
      failures: records.filter((record) => 'cf'.includes(record.text())).map((record) => ({ record, reason: 'no' })),
    });
    await runThrough(scene.sequenceNumbers().at(-1) ?? '');
    expect(scene.handled.map((batch) => batch.join(''))).toEqual(['abcdefgh', 'cf', 'cf']);
    expect((await scene.deadLetters()).map(({ text, errors }) => [text, errors[0]?.attempts])).toEqual([
      ['c', 3],
      ['f', 3],
    ]);
  });

  it('commits at once what is before the first failure', async () => {
    await open();
    scene.put(...letters());
    scene.handler = ({ records }) => ({ failures: [{ record: records[3] as never, reason: new Error('later') }] });
    const failure = await scene.fail(scene.begin());
    expect(failure.checkpoint.position).toMatchObject({ sequenceNumber: scene.sequenceNumbers()[2] });
    expect(failure.streak).toMatchObject({
      records: 1,
      pending: [{ sequenceNumber: scene.sequenceNumbers()[3], failures: 1 }],
    });
  });

  it('goes on at once behind a record that can never succeed', async () => {
    await open({}, { historyIntervalMs: 0 });
    scene.put(...letters());
    scene.handler = ({ records }) => ({
      failures: [{ record: records[2] as never, reason: 'never', retryable: false }],
    });
    const result = await scene.run();
    expect(result).toMatchObject({ end: 'interval', progress: { totals: { records: 8, deadLettered: 1 } } });
    expect(await scene.deadLetters()).toMatchObject([
      { text: 'c', condition: 'RecordRejected', errors: [{ attempts: 1 }] },
    ]);
    expect(scene.store.writes).toHaveLength(2);
  });
});

describe('a rejection that is thrown', () => {
  it('stands alone: what was before it runs again without it, then what is behind', async () => {
    await open();
    scene.put(...letters());
    scene.handler = ({ records }) => {
      const record = records.find((one) => one.text() === 'c');
      if (record) throw new RecordRejectedError('never', { record });
    };
    await runThrough(scene.sequenceNumbers().at(-1) ?? '');
    expect(scene.handled.map((batch) => batch.join(''))).toEqual(['abcdefgh', 'ab', 'defgh']);
    expect((await scene.deadLetters()).map(({ text }) => text)).toEqual(['c']);
  });
});

describe('dead letters that cannot be written', () => {
  it('hold the checkpoint back: the hook is called again until it succeeds', async () => {
    await open({}, { historyIntervalMs: 0 });
    scene.put('a', 'b');
    scene.handler = ({ records }) => ({
      failures: [{ record: records[1] as never, reason: 'never', retryable: false }],
    });
    let calls = 0;
    const positions: string[] = [];
    scene.onDeadLetter = () => {
      calls += 1;
      positions.push(scene.store.rowOf(scene.shard).position.at);
      if (calls < 3) throw new Error('queue is away');
    };
    await scene.run();
    expect(positions).toEqual(['TRIM_HORIZON', 'TRIM_HORIZON', 'TRIM_HORIZON']);
    expect(await scene.deadLetters()).toHaveLength(1);
  });

  it('leave everything as it was when the slice is stopped meanwhile', async () => {
    await open({}, { historyIntervalMs: 0 });
    scene.put('a');
    scene.handler = ({ records }) => ({
      failures: [{ record: records[0] as never, reason: 'never', retryable: false }],
    });
    scene.onDeadLetter = () => Promise.reject(new Error('queue is away'));
    const slice = scene.begin();
    await new Promise((resolve) => setTimeout(resolve, 50));
    slice.cancel({ workerShutdown: true });
    expect(await scene.end(slice)).toMatchObject({ end: 'handOver', batches: 0 });
    expect(await scene.deadLetters()).toEqual([]);
    expect(scene.store.rowOf(scene.shard).position.at).toBe('TRIM_HORIZON');
  });

  it('are cut into transactions of 99, with the checkpoint at the border', async () => {
    await open({}, { maxBatchRecords: 250, historyIntervalMs: 0 });
    scene.put(...Array.from({ length: 250 }, (_, index) => String(index)));
    scene.handler = ({ records }) => ({
      failures: records.map((record) => ({ record, reason: 'no', retryable: false })),
    });
    await scene.run();
    expect(await scene.deadLetters()).toHaveLength(250);
    expect(scene.store.writes.map(({ effects = [] }) => effects.length)).toEqual([0, 99, 99, 52]);
    expect(scene.handled).toHaveLength(1);
  });
});

describe('a shard that is parked', () => {
  beforeEach(() => open({ maxAttempts: 1, then: 'park', parkForMs: 5_000 }, { historyIntervalMs: 0 }));

  async function park(): Promise<void> {
    scene.put('a', 'b', 'c');
    scene.handler = ({ records }) => ({
      failures: records.filter((record) => record.text() === 'b').map((record) => ({ record, reason: 'no' })),
    });
    const failure = await scene.fail(scene.begin());
    expect(failure.halt).toMatchObject({ how: 'park', sequenceNumber: scene.sequenceNumbers()[1] });
  }

  it('stands before the record, which is neither committed nor set aside', async () => {
    await park();
    expect(scene.state).toMatchObject({ phase: 'PARKED', halt: { retryAtMs: expect.any(Number) } });
    expect(scene.store.rowOf(scene.shard).position).toMatchObject({ sequenceNumber: scene.sequenceNumbers()[0] });
    expect(await scene.deadLetters()).toEqual([]);
  });

  it('is tried again as an operator orders, with all attempts', async () => {
    await park();
    scene.handler = () => undefined;
    scene.order('retry', { reason: 'fixed' });
    const result = await scene.run();
    expect(result).toMatchObject({ orderDone: true, events: [{ kind: 'unparked', by: 'ada', reason: 'fixed' }] });
    expect(scene.state).toMatchObject({ phase: 'READING', order: undefined });
    await scene.run();
    expect(scene.store.rowOf(scene.shard).position).toMatchObject({ sequenceNumber: scene.sequenceNumbers()[2] });
  });

  it('goes on behind a record that an operator skips: it is kept, with who and why', async () => {
    await park();
    scene.order('skip', { reason: 'known bad' });
    const result = await scene.run();
    expect(result.events).toMatchObject([{ kind: 'skipped', by: 'ada', reason: 'known bad' }]);
    expect(await scene.deadLetters()).toMatchObject([
      { text: 'b', condition: 'SkippedByOperator', status: 'DISCARDED', decidedBy: 'ada', reason: 'known bad' },
    ]);
    await scene.run();
    expect(scene.store.rowOf(scene.shard).position).toMatchObject({ sequenceNumber: scene.sequenceNumbers()[2] });
  });

  it('parks again if the record fails again', async () => {
    await park();
    scene.order('retry');
    expect((await scene.fail(scene.begin())).halt).toMatchObject({ how: 'park' });
    expect(scene.state.phase).toBe('PARKED');
  });
});

it('a consumer whose policy is to stop says so', async () => {
  await open({ maxAttempts: 1, then: 'stop' });
  scene.put('a');
  throwOn('a');
  expect(await scene.fail(scene.begin())).toMatchObject({ halt: { how: 'stop' }, error: { code: 'HANDLER_FAILED' } });
});

describe('filters and schemas', () => {
  it('count what was filtered, and cover it', async () => {
    await open({}, { historyIntervalMs: 0 });
    scene.filter = (record) => record.text() !== 'b';
    scene.deploy(scene.options);
    scene.put('a', 'b', 'c');
    const result = await scene.run();
    expect(result.progress.totals).toMatchObject({ records: 3, filtered: 1 });
    expect(scene.handled).toEqual([['a', 'c']]);
  });
});
