import fc from 'fast-check';

import { eachRecord } from '../../../src/handler/each-record';
import type { Batch, HandlerContext, RecordHandler } from '../../../src/handler/handler';
import { KinesisRecord } from '../../../src/handler/record';

const SHARD = { consumer: 'delays', streamName: 'flights', streamArn: 'arn', createdAtMs: 1, shardId: 'shardId-0' };

function batchOf(keys: readonly string[]): Batch {
  const records = keys.map(
    (partitionKey, index) =>
      new KinesisRecord({ sequenceNumber: String(index), partitionKey, data: new Uint8Array(), arrivalMs: 0 }, SHARD),
  );
  return { records, shardId: SHARD.shardId, streamName: SHARD.streamName, millisBehindLatest: 0 };
}

function contextOf(signal = new AbortController().signal): HandlerContext {
  return { consumer: 'delays', attempt: 1, signal };
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

  it('stops at the first failure, and fails the batch with it', async () => {
    const handled: string[] = [];
    const failure = new Error('bad');
    const handle: RecordHandler = ({ sequenceNumber }) => {
      handled.push(sequenceNumber);
      if (sequenceNumber === '1') throw failure;
    };
    await expect(eachRecord(handle)(batchOf(['a', 'b', 'c']), contextOf())).rejects.toBe(failure);
    expect(handled).toEqual(['0', '1']);
  });
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
    const batch = eachRecord(handle, { concurrency })(batchOf(['a', 'a', 'a', 'a']), contextOf(controller.signal));
    await expect(batch).rejects.toBe(lost);
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

  it('stop at the first failure: those under way are waited for, none is begun after it', async () => {
    await fc.assert(
      fc.asyncProperty(world, fc.nat({ max: 29 }), async ({ keys, durations, concurrency }, failing) => {
        let underWay = 0;
        let hasFailed = false;
        const failure = new Error('bad');
        const handle: RecordHandler = async ({ sequenceNumber }) => {
          expect(hasFailed).toBe(false);
          underWay += 1;
          await turns(durations[Number(sequenceNumber)] ?? 0);
          underWay -= 1;
          if (Number(sequenceNumber) !== failing) return;
          // The failure is known once the promise has been heard: one turn later.
          void Promise.resolve().then(() => Promise.resolve().then(() => (hasFailed = true)));
          throw failure;
        };
        const outcome = await eachRecord(handle, { concurrency })(batchOf(keys), contextOf())?.then(
          () => undefined,
          (error: unknown) => error,
        );
        expect(outcome).toBe(failing < keys.length ? failure : undefined);
        expect(underWay).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  it('fail with what came first', async () => {
    const handle: RecordHandler = async ({ sequenceNumber }) => {
      await turns(sequenceNumber === '0' ? 9 : 1);
      throw new Error(`failed ${sequenceNumber}`);
    };
    await expect(eachRecord(handle, { concurrency: 2 })(batchOf(['a', 'b']), contextOf())).rejects.toThrow('failed 1');
  });
});

it.each([0, -1, 1.5, 1_001, Number.NaN, Infinity, '4', null])('refuses a concurrency of %p', (concurrency) => {
  expect(() => eachRecord(() => undefined, { concurrency: concurrency as number })).toThrow(/`concurrency`/);
});

it('refuses what is no function', () => {
  expect(() => eachRecord('no' as never)).toThrow(/eachRecord expects a function, got string/);
});
