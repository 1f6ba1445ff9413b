import fc from 'fast-check';
import { retentionUse, useSince, watchRetention, type RetentionView } from '../../../src/core/retention-clock';

const HOUR_MS = 3_600_000;
const DAY = { retentionMs: 24 * HOUR_MS, warnPercent: 50 };
const NOW = 1_700_000_000_000;

const since = (hours: number) => ({ ...DAY, safeSinceMs: NOW - hours * HOUR_MS });

describe('how much of retention is used', () => {
  it.each([
    ['nothing', 0, { usedPercent: 0, leftMs: 24 * HOUR_MS, isAtRisk: false }],
    ['less than the border', 11.9, { usedPercent: 49, isAtRisk: false }],
    ['the border', 12, { usedPercent: 50, leftMs: 12 * HOUR_MS, isAtRisk: true }],
    ['all', 24, { usedPercent: 100, leftMs: 0, isAtRisk: true }],
    ['more than all', 36, { usedPercent: 150, leftMs: 0, isAtRisk: true }],
    ['a record of a clock that is ahead', -1, { usedPercent: 0, isAtRisk: false }],
  ])('is told of %s', (_, hours, expected) => {
    expect(retentionUse(since(hours), NOW)).toMatchObject(expected);
  });

  it('falls well below the border before a shard is no longer at risk', () => {
    expect(retentionUse(since(11.9), NOW, true).isAtRisk).toBe(true);
    expect(retentionUse(since(10.7), NOW, true).isAtRisk).toBe(false);
  });
});

describe('crossing the border', () => {
  it('is told once each way, however often it is looked at', () => {
    let wasAtRisk = false;
    const steps = [1, 11, 12, 13, 12, 11.9, 14, 10, 11, 1].map((hours) => {
      const { view, step } = watchRetention(since(hours), NOW, wasAtRisk);
      wasAtRisk = view.isAtRisk;
      return step?.kind;
    });
    expect(steps.filter(Boolean)).toEqual(['atRisk', 'outOfRisk']);
    expect([steps[2], steps[7]]).toEqual(['atRisk', 'outOfRisk']);
  });

  it('is told exactly when the state changes, whatever is seen', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 48 })), (looks) => {
        let wasAtRisk = false;
        for (const hours of looks) {
          const { view, step } = watchRetention(since(hours), NOW, wasAtRisk);
          expect(step !== undefined).toBe(view.isAtRisk !== wasAtRisk);
          wasAtRisk = view.isAtRisk;
        }
      }),
    );
  });
});

describe('what a status says between two executions', () => {
  const view: RetentionView = { ...since(1), atMs: NOW, isAtRisk: false };

  it('grows while nothing is heard', () => {
    expect(useSince(view, {}, NOW + 12 * HOUR_MS)).toMatchObject({ usedPercent: 54, isAtRisk: true });
  });

  it.each(['lastArrivalMs', 'caughtUpAtMs'] as const)('counts from a later %s', (key) => {
    const later = { [key]: NOW + 11 * HOUR_MS };
    expect(useSince(view, later, NOW + 12 * HOUR_MS)).toMatchObject({ usedPercent: 4, isAtRisk: false });
  });

  it('does not count from what is older than what was seen', () => {
    expect(useSince(view, { lastArrivalMs: 1 }, NOW)).toMatchObject({ usedPercent: 4 });
  });
});
