import fc from 'fast-check';
import { backoffMs, MIN_POLL_INTERVAL_MS, pollDelayMs, READ_BACKOFF, WRITE_BACKOFF } from '../../../src/core/pacing';

describe('pollDelayMs', () => {
  it.each([
    ['a full page: the next one at once', { records: 1_000, millisBehindLatest: 0 }, 0],
    ['records and lag: the next page at once', { records: 10, millisBehindLatest: 5 }, 0],
    ['records at the tip: the pace of the user', { records: 10, millisBehindLatest: 0 }, 1_500],
    [
      'an empty page behind the tip: as soon as the quota allows',
      { records: 0, millisBehindLatest: 1 },
      MIN_POLL_INTERVAL_MS,
    ],
    ['an empty page at the tip: the pace of the user', { records: 0, millisBehindLatest: 0 }, 1_500],
  ])('%s', (_, page, delayMs) => expect(pollDelayMs({ ...page, limit: 1_000 }, 1_500)).toBe(delayMs));
});

describe('backoffMs', () => {
  it.each([
    [1, 0.999_999, 100],
    [2, 0.999_999, 200],
    [3, 0.999_999, 400],
    [7, 0.999_999, 5_000],
    [1_000_000, 0.999_999, 5_000],
    [1, 0, 10],
    [0, 0, 10],
    [-3, 0, 10],
  ])('after %d failures with random %d is %d ms', (failures, random, delayMs) =>
    expect(backoffMs({ minMs: 100, maxMs: 5_000 }, failures, random)).toBe(delayMs),
  );

  it('never exceeds its maximum, never is under a tenth of its ceiling, and grows with the failures', () => {
    const random = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
    fc.assert(
      fc.property(fc.constantFrom(READ_BACKOFF, WRITE_BACKOFF), fc.nat(2_000), random, (backoff, failures, value) => {
        const delayMs = backoffMs(backoff, failures, value);
        expect(delayMs).toBeGreaterThanOrEqual(backoff.minMs / 10);
        expect(delayMs).toBeLessThanOrEqual(backoff.maxMs);
        expect(backoffMs(backoff, failures + 1, value)).toBeGreaterThanOrEqual(delayMs);
      }),
    );
  });
});
