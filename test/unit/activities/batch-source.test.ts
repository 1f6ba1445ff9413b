import fc from 'fast-check';

import { BatchSource, type BatchLimits, type Next } from '../../../src/activities/batch-source';
import { TidemarkError } from '../../../src/core/errors';
import type { RawRecord } from '../../../src/kinesis/kinesis-port';
import type { ReadResult } from '../../../src/kinesis/shard-reader';

const NEVER = new AbortController().signal;
const LIMITS: BatchLimits = { maxBatchRecords: 100, maxBatchBytes: 1_000, maxBatchWaitMs: 0 };

let made = 0;

function record(bytes = 1): RawRecord {
  made += 1;
  return { sequenceNumber: String(made), partitionKey: 'key', data: new Uint8Array(bytes), arrivalMs: made };
}

function records(count: number, bytes = 1): RawRecord[] {
  return Array.from({ length: count }, () => record(bytes));
}

function page(content: readonly RawRecord[], more: Partial<ReadResult> = {}): ReadResult {
  return { records: content, millisBehindLatest: 0, askedAtMs: 1_000, ...more };
}

const END = { end: { childShardIds: ['shardId-000000000001'] } };

type Step = ReadResult | Error;

/** Gives its steps one by one, then never answers. Fails a test that reads twice at once, which would mix up the order. */
class ScriptedReader {
  reads = 0;
  private isReading = false;

  constructor(private readonly steps: Step[]) {}

  async read(signal: AbortSignal): Promise<ReadResult> {
    if (this.isReading) throw new Error('two reads at once');
    this.isReading = true;
    this.reads += 1;
    await new Promise((resolve) => setImmediate(resolve));
    const step = this.steps.shift() ?? (await never(signal));
    this.isReading = false;
    if (step instanceof Error) throw step;
    return step;
  }
}

function never(signal: AbortSignal): Promise<Error> {
  if (signal.aborted) return Promise.resolve(signal.reason as Error);
  return new Promise((resolve) =>
    signal.addEventListener('abort', () => resolve(signal.reason as Error), { once: true }),
  );
}

function sourceOf(steps: Step[], limits: Partial<BatchLimits> = {}): [BatchSource, ScriptedReader] {
  const reader = new ScriptedReader([...steps]);
  return [new BatchSource(reader, { ...LIMITS, ...limits }), reader];
}

async function take(source: BatchSource, count: number): Promise<Next[]> {
  const offers: Next[] = [];
  while (offers.length < count) offers.push(await source.next(NEVER));
  return offers;
}

function sizes(offers: readonly Next[]): (number | string)[] {
  return offers.map((offer) => (offer.kind === 'batch' ? offer.records.length : offer.kind));
}

describe('borders of a batch', () => {
  const table: [string, Partial<BatchLimits>, Step[], (number | string)[]][] = [
    ['one page, one batch', {}, [page(records(7))], [7]],
    ['more records than a batch takes', { maxBatchRecords: 3 }, [page(records(7), END)], [3, 3, 1, 'end']],
    ['exactly as many as a batch takes', { maxBatchRecords: 3 }, [page(records(6), END)], [3, 3, 'end']],
    ['more bytes than a batch takes', {}, [page(records(5, 400), END)], [2, 2, 1, 'end']],
    ['exactly as many bytes', {}, [page(records(4, 500), END)], [2, 2, 'end']],
    ['one record that is too large, alone', {}, [page(records(1, 5_000), END)], [1, 'end']],
    [
      'one that is too large between small ones',
      {},
      [page([...records(2), record(5_000), ...records(2)], END)],
      [2, 1, 2, 'end'],
    ],
    ['records without data', { maxBatchRecords: 2 }, [page(records(3, 0), END)], [2, 1, 'end']],
    ['an empty page, then records', {}, [page([]), page(records(2))], ['empty', 2]],
    ['a shard that ends without records', {}, [page([], END)], ['end']],
    ['an end on a page of its own', {}, [page(records(2)), page([], END)], [2, 'end']],
    ['pages are not joined without a wait', {}, [page(records(2)), page(records(2))], [2, 2]],
  ];

  it.each(table)('%s', async (_, limits, steps, expected) => {
    const [source] = sourceOf(steps, limits);
    expect(sizes(await take(source, expected.length))).toEqual(expected);
  });

  it('says the end again when asked again, and reads no more', async () => {
    const [source, reader] = sourceOf([page(records(1), END)]);
    const offers = await take(source, 4);
    expect(sizes(offers)).toEqual([1, 'end', 'end', 'end']);
    expect(offers[3]).toEqual({ kind: 'end', childShardIds: END.end.childShardIds });
    expect(reader.reads).toBe(1);
  });
});

describe('a batch that waits to fill', () => {
  it('joins pages until it is full', async () => {
    const [source] = sourceOf([page(records(2)), page([]), page(records(2)), page(records(2))], {
      maxBatchRecords: 5,
      maxBatchWaitMs: 60_000,
    });
    expect(sizes(await take(source, 1))).toEqual([5]);
  });

  it('goes out when its first record has waited long enough, and the page that is late is not lost', async () => {
    let nowMs = 0;
    let release: (result: ReadResult) => void = () => undefined;
    const late = new Promise<ReadResult>((resolve) => (release = resolve));
    const results: (ReadResult | Promise<ReadResult>)[] = [page(records(2)), late, page([], END)];
    const reader = {
      read: async () => {
        nowMs += 20;
        return results.shift() ?? Promise.reject(new Error('nothing left'));
      },
    };
    const source = new BatchSource(reader, { ...LIMITS, maxBatchWaitMs: 30 }, () => nowMs);
    expect(sizes([await source.next(NEVER)])).toEqual([2]);
    release(page(records(3)));
    expect(sizes(await take(source, 2))).toEqual([3, 'end']);
  });

  it('does not wait for a shard that has ended', async () => {
    const [source] = sourceOf([page(records(2), END)], { maxBatchWaitMs: 60_000 });
    expect(sizes(await take(source, 2))).toEqual([2, 'end']);
  });

  it('ends its wait on a stop, and is not handed out', async () => {
    const stop = new AbortController();
    const [source, reader] = sourceOf([page(records(2))], { maxBatchWaitMs: 60_000 });
    const next = source.next(stop.signal);
    while (reader.reads < 2) await new Promise((resolve) => setImmediate(resolve));
    stop.abort(new Error('stopped'));
    await expect(next).rejects.toThrow('stopped');
  });
});

describe('a page that fails', () => {
  const away = new TidemarkError('STREAM_DELETED', 'gone');

  it.each([0, 60_000])('does so only after what was read is handed out (wait %i ms)', async (maxBatchWaitMs) => {
    const [source] = sourceOf([page(records(4)), away], { maxBatchRecords: 3, maxBatchWaitMs });
    expect(sizes(await take(source, 2))).toEqual([3, 1]);
    await expect(source.next(NEVER)).rejects.toBe(away);
  });

  it('is read again by the next call, and no record is lost or repeated', async () => {
    const all = records(5);
    const [source] = sourceOf([page(all.slice(0, 2)), away, page(all.slice(2), END)]);
    const first = await source.next(NEVER);
    await expect(source.next(NEVER)).rejects.toBe(away);
    const second = await source.next(NEVER);
    expect([first, second].flatMap((offer) => (offer.kind === 'batch' ? offer.records : []))).toEqual(all);
  });

  it('while nobody waits is no unhandled rejection', async () => {
    const unhandled = jest.fn();
    process.on('unhandledRejection', unhandled);
    const [source] = sourceOf([page(records(1)), away]);
    await source.next(NEVER);
    for (let turns = 0; turns < 5; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });
});

describe('reading ahead', () => {
  async function settle(): Promise<void> {
    for (let turns = 0; turns < 20; turns += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  it('has the next page under way while a batch is handled, and no more than one', async () => {
    const [source, reader] = sourceOf(Array.from({ length: 10 }, () => page(records(1))));
    await source.next(NEVER);
    await settle();
    expect(reader.reads).toBe(2);
  });

  it('pauses while more than a batch of bytes waits', async () => {
    const [source, reader] = sourceOf([page(records(30, 100)), page(records(1)), page(records(1))]);
    await source.next(NEVER);
    await settle();
    expect(reader.reads).toBe(1);
    await source.next(NEVER);
    await settle();
    expect(reader.reads).toBe(2);
  });
});

describe('between two slices', () => {
  it('keeps a page that is under way when a slice stops: the next one gets it, asked for once', async () => {
    const stop = new AbortController();
    const late = records(2);
    let answer: (result: ReadResult) => void = () => undefined;
    const reader = { read: jest.fn(() => new Promise<ReadResult>((resolve) => (answer = resolve))) };
    const source = new BatchSource(reader, LIMITS);
    const next = source.next(stop.signal);
    stop.abort(new Error('stopped'));
    await expect(next).rejects.toThrow('stopped');
    const again = source.next(NEVER);
    expect(reader.read).toHaveBeenCalledTimes(1);
    answer(page(late));
    expect(await again).toMatchObject({ kind: 'batch', records: late });
  });

  it('ends the page that is under way when it is closed', async () => {
    let signal: AbortSignal | undefined;
    const source = new BatchSource(
      {
        read: (one) => {
          signal = one;
          return never(one).then((error) => Promise.reject(error));
        },
      },
      LIMITS,
    );
    const next = source.next(NEVER).catch((error: unknown) => error);
    source.close();
    expect(signal?.aborted).toBe(true);
    expect(await next).toBeInstanceOf(TidemarkError);
  });
});

describe('memory', () => {
  function held(content: RawRecord[]): [ReadResult, () => 'held' | 'done' | 'released'] {
    let state: 'held' | 'done' | 'released' = 'held';
    const memory = {
      settle: () => undefined,
      done: () => void (state = 'done'),
      release: () => void (state = 'released'),
    };
    return [page(content, { memory }), () => state];
  }

  it('of a page is held until all of its records are done with, and not while some are put back', async () => {
    const [first, firstIs] = held(records(4));
    const [source] = sourceOf([first], { maxBatchRecords: 2 });
    const one = await source.next(NEVER);
    const two = await source.next(NEVER);
    expect(sizes([one, two])).toEqual([2, 2]);
    if (two.kind === 'batch') source.putBack(two.records.slice(1));
    expect(sizes(await take(source, 1))).toEqual([1]);
    expect(firstIs()).toBe('held');
    void source.next(NEVER).catch(() => undefined);
    expect(firstIs()).toBe('done');
    source.close();
  });

  it('of everything is released by close, also of a page that had come unseen: a handler may look at it still', async () => {
    const [first, firstIs] = held(records(4));
    const [second, secondIs] = held(records(4));
    const [source] = sourceOf([first, second], { maxBatchRecords: 2 });
    await source.next(NEVER);
    for (let turns = 0; turns < 5; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    source.close();
    await new Promise((resolve) => setImmediate(resolve));
    expect([firstIs(), secondIs()]).toEqual(['released', 'released']);
  });
});

describe('caught up', () => {
  function caughtUp(offers: readonly Next[]): (number | undefined)[] {
    return offers.map((offer) => (offer.kind === 'end' ? undefined : offer.caughtUpAtMs));
  }

  it('is claimed only by the batch that empties what was read, for the moment when its page was asked for', async () => {
    const [source] = sourceOf([page(records(5), { askedAtMs: 7 })], { maxBatchRecords: 2 });
    expect(caughtUp(await take(source, 3))).toEqual([undefined, undefined, 7]);
  });

  it('is not claimed behind the tip', async () => {
    const behind = { millisBehindLatest: 5 };
    const [source] = sourceOf([page(records(1), behind), page([], behind), page([], { askedAtMs: 9 })]);
    const offers = await take(source, 3);
    expect(caughtUp(offers)).toEqual([undefined, undefined, 9]);
    expect(offers.map((offer) => offer.kind !== 'end' && offer.millisBehindLatest)).toEqual([5, 5, 0]);
  });
});

describe('whatever the pages', () => {
  const limitsArbitrary = fc.record({
    maxBatchRecords: fc.integer({ min: 1, max: 8 }),
    maxBatchBytes: fc.integer({ min: 1, max: 40 }),
    maxBatchWaitMs: fc.constantFrom(0, 0, 10_000),
  });
  const pagesArbitrary = fc.array(
    fc.record({
      sizes: fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 12 }),
      millisBehindLatest: fc.constantFrom(0, 5),
      fails: fc.boolean(),
    }),
    { maxLength: 8 },
  );

  it('offers every record exactly once, in order, within the limits', async () => {
    await fc.assert(
      fc.asyncProperty(limitsArbitrary, pagesArbitrary, async (limits, pages) => {
        const failure = new TidemarkError('ACCESS_DENIED', 'not now');
        const results = pages.map(({ sizes: bytes, millisBehindLatest }) =>
          page(bytes.map(record), { millisBehindLatest }),
        );
        const steps = results.flatMap((result, index): Step[] => (pages[index]?.fails ? [failure, result] : [result]));
        const [source] = sourceOf([...steps, page([], END)], limits);
        const offered: RawRecord[] = [];
        for (;;) {
          const offer = await source.next(NEVER).catch((error: unknown) => error);
          if (offer === failure) continue;
          const next = offer as Next;
          if (next.kind === 'end') break;
          if (next.kind === 'empty') continue;
          const bytes = next.records.reduce((sum, { data }) => sum + data.byteLength, 0);
          expect(next.bytes).toBe(bytes);
          expect(next.records.length).toBeGreaterThan(0);
          expect(next.records.length).toBeLessThanOrEqual(limits.maxBatchRecords);
          if (next.records.length > 1) expect(bytes).toBeLessThanOrEqual(limits.maxBatchBytes);
          offered.push(...next.records);
        }
        expect(offered).toEqual(results.flatMap((result) => result.records));
      }),
      { numRuns: 150 },
    );
  });
});
