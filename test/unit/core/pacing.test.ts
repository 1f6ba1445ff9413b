import fc from 'fast-check';
import { backoffMs, READ_BACKOFF, WRITE_BACKOFF } from '../../../src/core/pacing';

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
