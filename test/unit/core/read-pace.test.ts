import fc from 'fast-check';
import {
  initialPace,
  paceAfterFailure,
  paceAfterPage,
  waitMs,
  type PageRead,
  type PaceOptions,
} from '../../../src/core/read-pace';

const OPTIONS: PaceOptions = { limit: 1_000, pollIntervalMs: 250, idlePollIntervalMs: 1_000 };
const BUDGET = { callsPerSecond: 4, bytesPerSecond: 2_000_000 };

function waitAfter(page: Partial<PageRead>, options: Partial<PaceOptions> = {}, pace = initialPace(0)): number {
  const read = { calledAtMs: 100, nowMs: 110, records: 0, bytes: 0, millisBehindLatest: 0, ...page };
  return waitMs(paceAfterPage(pace, read, { ...OPTIONS, ...options }), read.nowMs);
}

describe('the wait after a page', () => {
  it.each([
    ['full: the next one at once', { records: 1_000 }, 0],
    ['records and lag: the next one at once', { records: 10, millisBehindLatest: 5 }, 0],
    ['records at the tip: the interval, from the start of the call', { records: 10 }, 240],
    ['empty behind the tip: as soon as AWS allows', { millisBehindLatest: 1 }, 190],
    ['empty at the tip, soon after records: the interval', {}, 240],
    ['empty after 4 s of silence: half a second', { calledAtMs: 3_990, nowMs: 4_000 }, 490],
    ['empty after a minute of silence: the idle interval', { calledAtMs: 59_990, nowMs: 60_000 }, 990],
    ['records after a minute of silence: the interval', { calledAtMs: 59_990, nowMs: 60_000, records: 1 }, 240],
    ['an answer that took longer than the interval: at once', { nowMs: 900, records: 1 }, 0],
  ])('%s', (_, page, expected) => expect(waitAfter(page)).toBe(expected));

  it.each([
    ['few: the interval', 24, {}, 240],
    ['hundreds: slower', 389, {}, 490],
    ['a thousand: the idle interval', 999, {}, 990],
    ['a thousand, and records come: the interval', 999, { records: 1 }, 240],
    ['a thousand, behind the tip: as soon as AWS allows', 999, { millisBehindLatest: 1 }, 190],
  ])('of a new shard, empty, beside others that the process reads, %s', (_, others, page, expected) =>
    expect(waitAfter(page, {}, initialPace(0, others))).toBe(expected),
  );

  it('is the interval of the user where that is longer than the idle one', () => {
    expect(waitAfter({}, { pollIntervalMs: 5_000 })).toBe(4_990);
  });
});

describe('the budget', () => {
  it.each([
    ['calls, behind the tip', { records: 10, millisBehindLatest: 5 }, 240],
    ['a page of 1 MB', { records: 1_000, bytes: 1_000_000 }, 500],
    ['a page of 10 MB', { records: 1_000, bytes: 10_000_000 }, 5_000],
  ])('bounds %s', (_, page, expected) => expect(waitAfter(page, { budget: BUDGET })).toBe(expected));

  it('is never exceeded in any window, whatever comes back', () => {
    const pages = fc.array(
      fc.record({
        records: fc.constantFrom(0, 10, 1_000),
        bytes: fc.integer({ min: 0, max: 10_000_000 }),
        millisBehindLatest: fc.constantFrom(0, 5_000),
        tookMs: fc.integer({ min: 0, max: 400 }),
      }),
      { minLength: 1, maxLength: 40 },
    );
    fc.assert(
      fc.property(pages, (reads) => {
        let pace = initialPace(0);
        let now = 0;
        const calls: { atMs: number; bytes: number }[] = [];
        for (const { tookMs, ...read } of reads) {
          now += waitMs(pace, now);
          calls.push({ atMs: now, bytes: read.bytes });
          pace = paceAfterPage(pace, { ...read, calledAtMs: now, nowMs: now + tookMs }, { ...OPTIONS, budget: BUDGET });
          now += tookMs;
        }
        for (const [index, { atMs }] of calls.entries()) {
          const within = calls.slice(0, index).filter((call) => call.atMs > atMs - 1_000 + 0.001);
          expect(within.length).toBeLessThanOrEqual(3);
          for (let from = 0; from < index; from += 1) {
            const bytes = calls.slice(from, index).reduce((sum, call) => sum + call.bytes, 0);
            expect(bytes).toBeLessThanOrEqual(((atMs - (calls[from]?.atMs ?? 0)) / 1_000) * 2_000_000 + 1);
          }
        }
      }),
    );
  });
});

describe('readers that throttle us', () => {
  const throttled = { nowMs: 0, backoffMs: 30, isThrottled: true };

  it('make polls rarer by and by, and no rarer than every 5 s', () => {
    let pace = initialPace(0);
    const intervals = Array.from({ length: 7 }, () => (pace = paceAfterFailure(pace, throttled)).crowdedIntervalMs);
    expect(intervals).toEqual([250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]);
    expect(waitMs(pace, 0)).toBe(30);
  });

  it('are forgotten by and by once they are gone', () => {
    let pace = [1, 2, 3].reduce((before) => paceAfterFailure(before, throttled), initialPace(0));
    expect(waitAfter({ records: 1 }, {}, pace)).toBe(890);
    for (let answers = 0; answers < 25; answers += 1)
      pace = paceAfterPage(pace, { calledAtMs: 0, nowMs: 0, records: 1, bytes: 1, millisBehindLatest: 0 }, OPTIONS);
    expect(waitAfter({ records: 1 }, {}, pace)).toBe(240);
  });

  it('are not blamed for other failures', () => {
    expect(paceAfterFailure(initialPace(0), { ...throttled, isThrottled: false }).crowdedIntervalMs).toBe(0);
  });
});
