import fc from 'fast-check';
import { BackOff, HEALTHY_MS } from '../../../../src/cli/supervisor/back-off';

describe('the pause before a restart', () => {
  it('doubles from 1 s to 30 s, and begins anew after a minute of work', () => {
    const backOff = new BackOff(() => 1);
    const pauses = [0, 0, 0, 0, 0, 0, 0, HEALTHY_MS - 1].map((workedMs) => backOff.next(workedMs));
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    expect([backOff.next(HEALTHY_MS), backOff.next(0)]).toEqual([1_000, 2_000]);
  });

  it('is never below 0.5 s nor above 30 s, however often a process ends', () => {
    const ends = fc.array(fc.tuple(fc.nat(120_000), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })));
    fc.assert(
      fc.property(ends, (all) => {
        let random = 0;
        const backOff = new BackOff(() => random);
        for (const [workedMs, next] of all) {
          random = next;
          const pauseMs = backOff.next(workedMs);
          expect(pauseMs).toBeGreaterThanOrEqual(500);
          expect(pauseMs).toBeLessThanOrEqual(30_000);
        }
      }),
    );
    const backOff = new BackOff(() => 0);
    for (let end = 0; end < 2_000; end += 1) backOff.next(0);
    expect(backOff.next(0)).toBe(15_000);
  });
});
