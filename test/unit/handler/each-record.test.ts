import fc from 'fast-check';

import { eachRecord } from '../../../src/handler/each-record';
import type { Batch, HandlerContext, PartialResult, RecordHandler } from '../../../src/handler/handler';
import { readResult } from '../../../src/handler/read-result';
import { KinesisRecord } from '../../../src/handler/record';
import { RecordRejectedError } from '../../../src/handler/record-rejected-error';

const SHARD = { consumer: 'delays', streamName: 'flights', streamArn: 'arn', createdAtMs: 1, shardId: 'shardId-0' };

function batchOf(keys: readonly string[]): Batch {
  const records = keys.map(
    (partitionKey, index) =>
      new KinesisRecord({ sequenceNumber: String(index), partitionKey, data: new Uint8Array(), arrivalMs: 0 }, SHARD),
  );
  return { records, shardId: SHARD.shardId, streamName: SHARD.streamName, millisBehindLatest: 0 };
}

function contextOf(signal = new AbortController().signal): HandlerContext {
  return {
    consumer: 'delays',
    attempt: 1,
    signal,
    fence: 1,
    redrive: false,
    replay: false,
    dryRun: false,
    holdsKeys: false,
  };
}

const BAD = new Error('bad');
const REJECTED = new RecordRejectedError('no');

function failingWith(failing: Readonly<Record<number, unknown>>): RecordHandler {
  return ({ sequenceNumber }) => {
    if (sequenceNumber in failing) throw failing[Number(sequenceNumber)];
  };
}

interface Failing {
  readonly handled: number[];
  readonly outcome: { readonly failures: [number, unknown, unknown][]; readonly unhandled: number[] };
}

/** Which records the function was called with, and the answer in numbers. */
async function runFailing(
  keys: readonly string[],
  failing: Readonly<Record<number, unknown>>,
  { concurrency = 1, durations = [] }: { concurrency?: number; durations?: readonly number[] } = {},
): Promise<Failing> {
  const handled: number[] = [];
  const handle: RecordHandler = async (record, context) => {
    handled.push(Number(record.sequenceNumber));
    await turns(durations[Number(record.sequenceNumber)] ?? 0);
    await failingWith(failing)(record, context);
  };
  const result = (await eachRecord(handle, { concurrency })(batchOf(keys), contextOf())) as PartialResult | undefined;
  const { failures = [], unhandled = [] } = result ?? {};
  return {
    handled,
    outcome: {
      failures: failures.map(({ record, reason, retryable }) => [Number(record.sequenceNumber), reason, retryable]),
      unhandled: unhandled.map(({ sequenceNumber }) => Number(sequenceNumber)),
    },
  };
}

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
};

describe('one after the other', () => {
  it('is the default: each record begins when the one before is done', async () => {
    const log: string[] = [];
    const handle: RecordHandler = async ({ sequenceNumber }) => {
      log.push(`begin ${sequenceNumber}`);
      await turns(3);
      log.push(`end ${sequenceNumber}`);
    };
    await eachRecord(handle)(batchOf(['a', 'b']), contextOf());
    expect(log).toEqual(['begin 0', 'end 0', 'begin 1', 'end 1']);
  });

  it('stops at the first failure: what is behind it is unhandled', async () => {
    const { handled, outcome } = await runFailing(['a', 'b', 'c', 'a'], { 1: BAD });
    expect(handled).toEqual([0, 1]);
    expect(outcome).toEqual({ failures: [[1, BAD, true]], unhandled: [2, 3] });
  });

  it('goes on behind a record that can never succeed', async () => {
    const { handled, outcome } = await runFailing(['a', 'a', 'a', 'a'], { 0: REJECTED, 2: BAD });
    expect(handled).toEqual([0, 1, 2]);
    expect(outcome).toEqual({
      failures: [
        [0, REJECTED, false],
        [2, BAD, true],
      ],
      unhandled: [3],
    });
  });
});

it.each([
  ['a text', 'not enough fuel', 'not enough fuel'],
  ['nothing', undefined, new TypeError('The function threw a value of type undefined, not an error')],
  ['null', null, new TypeError('The function threw null, not an error')],
  ['an empty text', '', new TypeError('The function threw a value of type string, not an error')],
])('%s that is thrown is a failure as well', async (_, thrown, reason) => {
  expect((await runFailing(['a'], { 0: thrown })).outcome).toEqual({ failures: [[0, reason, true]], unhandled: [] });
});

describe.each([1, 3])('with concurrency %i', (concurrency) => {
  it('returns nothing, whatever the function returns: a value would be refused as a result', async () => {
    const handle = eachRecord((() => Promise.resolve('a row')) as unknown as RecordHandler, { concurrency });
    expect(await handle(batchOf(['a', 'b']), contextOf())).toBeUndefined();
  });

  it('gives each record the context of the batch', async () => {
    const context = contextOf();
    const seen: unknown[] = [];
    await eachRecord((_, given) => void seen.push(given), { concurrency })(batchOf(['a', 'b']), context);
    expect(seen).toEqual([context, context]);
  });

  it('begins no record once the batch can no longer be committed, and says why', async () => {
    const controller = new AbortController();
    const lost = new Error('lost');
    const handled: string[] = [];
    const handle: RecordHandler = async ({ sequenceNumber }) => {
      handled.push(sequenceNumber);
      controller.abort(lost);
      await turns(2);
    };
    const run = eachRecord(handle, { concurrency });
    await expect(run(batchOf(['a', 'a', 'a', 'a']), contextOf(controller.signal))).rejects.toBe(lost);
    expect(handled).toEqual(['0']);
  });

  it('takes an empty batch', async () => {
    await eachRecord(() => undefined, { concurrency })(batchOf([]), contextOf());
  });
});

describe('records of several keys at the same time', () => {
  const world = fc.record({
    keys: fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { maxLength: 30 }),
    durations: fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 30, maxLength: 30 }),
    concurrency: fc.integer({ min: 2, max: 6 }),
  });

  it('keep the order of each key, never more at once than allowed, each record once', async () => {
    await fc.assert(
      fc.asyncProperty(world, async ({ keys, durations, concurrency }) => {
        const underWay = new Set<string>();
        const done: { key: string; index: number }[] = [];
        const handle: RecordHandler = async ({ partitionKey: key, sequenceNumber }) => {
          expect(underWay.has(key)).toBe(false);
          underWay.add(key);
          expect(underWay.size).toBeLessThanOrEqual(concurrency);
          const index = Number(sequenceNumber);
          await turns(durations[index] ?? 0);
          underWay.delete(key);
          done.push({ key, index });
        };
        await eachRecord(handle, { concurrency })(batchOf(keys), contextOf());
        expect(done.map(({ index }) => index).sort((a, b) => a - b)).toEqual(keys.map((_, index) => index));
        for (const key of new Set(keys)) {
          const order = done.filter((entry) => entry.key === key).map(({ index }) => index);
          expect(order).toEqual([...order].sort((a, b) => a - b));
        }
      }),
      { numRuns: 200 },
    );
  });

  const failures = fc.dictionary(fc.nat({ max: 29 }).map(String), fc.constantFrom(BAD, REJECTED), { maxKeys: 4 });

  it('go on beside a failure, but nothing of its key behind it; a rejection holds up nothing', async () => {
    await fc.assert(
      fc.asyncProperty(world, failures, async ({ keys, durations, concurrency }, failing) => {
        const { handled, outcome } = await runFailing(keys, failing, { concurrency, durations });
        const blocked = new Set<string>();
        const expected = { handled: [] as number[], failures: [] as unknown[], unhandled: [] as number[] };
        for (const [index, key] of keys.entries()) {
          const error = failing[index];
          if (blocked.has(key)) expected.unhandled.push(index);
          else expected.handled.push(index);
          if (blocked.has(key) || error === undefined) continue;
          expected.failures.push([index, error, error === BAD]);
          if (error === BAD) blocked.add(key);
        }
        expect(handled.toSorted((a, b) => a - b)).toEqual(expected.handled);
        expect(outcome.failures.toSorted(([a], [b]) => a - b)).toEqual(expected.failures);
        expect(outcome.unhandled.toSorted((a, b) => a - b)).toEqual(expected.unhandled);
      }),
      { numRuns: 200 },
    );
  });

  it('make an answer that is always accepted', async () => {
    await fc.assert(
      fc.asyncProperty(world, failures, async ({ keys, concurrency }, failing) => {
        const batch = batchOf(keys);
        const result = await eachRecord(failingWith(failing), { concurrency })(batch, contextOf());
        const answer = readResult(result, {
          detail: 'code',
          indexOf: (record) => batch.records.indexOf(record as KinesisRecord),
        });
        expect(answer.transact).toBeUndefined();
      }),
    );
  });
});

it.each([0, -1, 1.5, 1_001, Number.NaN, Infinity, '4', null])('refuses a concurrency of %p', (concurrency) => {
  expect(() => eachRecord(() => undefined, { concurrency: concurrency as number })).toThrow(/`concurrency`/);
});

it('refuses what is no function', () => {
  expect(() => eachRecord('no' as never)).toThrow(/eachRecord expects a function, got string/);
});
