import type { FailureStreak } from '../../../src/core/failure-policy';
import { TRIM_HORIZON } from '../../../src/core/positions';
import { nameOfRecord } from '../../../src/core/record-name';
import { chooseSpan, concerns } from '../../../src/core/span';
import { parseTrial } from '../../../src/core/trial';

/** What a version that did not open aggregates, or a consumer that did not, has left under suspicion. */
const STREAK: FailureStreak = {
  position: TRIM_HORIZON,
  through: '7',
  records: 2,
  failures: 1,
  deaths: 0,
  phase: 'retry',
  pending: [
    { sequenceNumber: '6', failures: 1 },
    { sequenceNumber: '7', failures: 1 },
  ],
};
const OPENED = [5, 6, 7].flatMap((number) =>
  [0, 1].map((sub) => nameOfRecord({ sequenceNumber: String(number), subSequenceNumber: sub })),
);
const LIMITS = { maxOffered: Infinity, standsAlone: () => false };

it('user records of a record that waits are offered: none of them counts as handled', () => {
  const { offered, length } = chooseSpan(OPENED, { ...LIMITS, streak: { ...STREAK, records: 100 } });
  expect(offered.map((index) => OPENED[index])).toEqual(['6.0', '6.1', '7.0', '7.1']);
  expect(length).toBe(6);
});

it('an aggregate of which one user record waits is offered as a whole', () => {
  const pending = [{ sequenceNumber: '6.1', failures: 1 }];
  const { offered } = chooseSpan(['5', '6', '7'], { ...LIMITS, streak: { ...STREAK, pending } });
  expect(offered).toEqual([1]);
});

it.each<[string, Partial<FailureStreak>, { sequenceNumber: string; subSequenceNumber?: number }, boolean]>([
  ['in its range', {}, { sequenceNumber: '7' }, true],
  ['behind its range', {}, { sequenceNumber: '8' }, false],
  ['in the last record of its range, by now opened', {}, { sequenceNumber: '7', subSequenceNumber: 3 }, true],
  ['of a record given up as a whole', { phase: 'final' }, { sequenceNumber: '7', subSequenceNumber: 0 }, false],
  ['that is given up', { phase: 'final' }, { sequenceNumber: '7' }, true],
  [
    'that is given up, a user record',
    { phase: 'final', through: '7.3' },
    { sequenceNumber: '7', subSequenceNumber: 3 },
    true,
  ],
  ['behind a user record', { through: '7.3' }, { sequenceNumber: '7', subSequenceNumber: 4 }, false],
  ['that is whole again', { through: '7.3' }, { sequenceNumber: '7' }, false],
])('a streak and a record %s', (_, change, first, expected) => {
  expect(concerns({ ...STREAK, ...change }, first)).toBe(expected);
});

it('marks of both kinds are read', () => {
  const mark = { isRunning: true, runId: 'run-1', activitySeq: 1, attempt: 1 };
  for (const through of ['7', '7.3']) {
    const streak = { ...STREAK, through };
    expect(parseTrial({ ...mark, streak })).toEqual({ ...mark, streak });
  }
  expect(parseTrial({ ...mark, streak: { ...STREAK, through: '7.x' } })).toBeUndefined();
});
