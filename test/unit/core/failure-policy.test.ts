import {
  decideFailure,
  narrowAfterSuccess,
  retryDelayMs,
  streakAt,
  trialSize,
  type Decision,
  type FailureCause,
  type FailurePolicy,
  type FailureStreak,
  type Trial,
} from '../../../src/core/failure-policy';
import { defaultFailureOptions } from '../../../src/core/failure-options';
import { TRIM_HORIZON, type Position } from '../../../src/core/positions';

const after = (sequenceNumber: string | number): Position => ({ at: 'AFTER', sequenceNumber: String(sequenceNumber) });
const policy: FailurePolicy = { ...defaultFailureOptions, jitter: 0 };
const failed: FailureCause = { kind: 'failed', error: { code: 'HANDLER_FAILED', message: 'no' } };
const died: FailureCause = { kind: 'died', error: { code: 'HANDLER_DIED', message: 'gone' } };
const trial = (records: number, through = 100): Trial => ({
  position: TRIM_HORIZON,
  through: String(through),
  records,
  oldestArrivalMs: 0,
});

interface Rules {
  readonly cause?: FailureCause;
  readonly rules?: FailurePolicy;
  readonly nowMs?: number;
}

function decide(before: FailureStreak | undefined, tried: Trial, more: Rules = {}): Decision {
  const { cause = failed, rules = policy, nowMs = 1 } = more;
  return decideFailure(rules, { before, trial: tried, cause }, { nowMs, random: 0 });
}

/** Decisions of one trial that fails again and again. */
function repeat(times: number, tried: Trial, cause = failed, rules = policy): Decision[] {
  const decisions: Decision[] = [];
  for (let time = 0; time < times; time += 1) decisions.push(decide(decisions.at(-1)?.streak, tried, { cause, rules }));
  return decisions;
}

describe('a batch that fails', () => {
  it('has five attempts, with growing delays, before it is cut', () => {
    const decisions = repeat(5, trial(8));
    expect(decisions.map(({ kind }) => kind)).toEqual(['retry', 'retry', 'retry', 'retry', 'cut']);
    expect(decisions.map((decision) => (decision.kind === 'retry' ? decision.delayMs : 0))).toEqual([
      1_000, 2_000, 4_000, 8_000, 0,
    ]);
    expect(decisions.at(-1)?.streak).toMatchObject({ failures: 5, records: 8, phase: 'cut' });
  });

  it('is cut at once where one attempt is all', () =>
    expect(repeat(1, trial(8), failed, { ...policy, maxAttempts: 1 })[0]?.kind).toBe('cut'));

  it('is cut at once if a record of it is too old to be tried again', () => {
    const rules = { ...policy, maxRecordAgeMs: 1_000 };
    expect(decide(undefined, trial(8), { rules, nowMs: 1_001 })).toMatchObject({ kind: 'cut' });
    expect(decide(undefined, trial(8), { rules, nowMs: 1_000 })).toMatchObject({ kind: 'retry' });
  });

  it('begins a new count once the checkpoint has passed it', () => {
    const before = decide(undefined, trial(8, 100)).streak;
    const next = decide(before, { ...trial(8, 200), position: after(100) });
    expect(next.streak).toMatchObject({ failures: 1, through: '200' });
  });
});

describe('a record that fails alone', () => {
  it('is given up after its attempts', () => {
    const last = repeat(5, trial(1)).at(-1);
    expect(last).toMatchObject({
      kind: 'final',
      streak: { phase: 'final', failures: 5, condition: 'RetryAttemptsExhausted', error: failed.error },
    });
  });

  it('is given up at once if its batch has used the attempts', () => {
    const cut = repeat(5, trial(8)).at(-1)?.streak;
    expect(decide(cut, trial(1, 3))).toMatchObject({ kind: 'final' });
  });

  it('is given up at once if it is too old, and says so', () =>
    expect(decide(undefined, trial(1), { rules: { ...policy, maxRecordAgeMs: 1_000 }, nowMs: 2_000 })).toMatchObject({
      kind: 'final',
      streak: { condition: 'RecordAgeExceeded' },
    }));
});

describe('a range that is cut', () => {
  const cut = repeat(5, trial(1_000)).at(-1)?.streak as FailureStreak;

  it('is tried by halves', () => expect(trialSize(cut)).toBe(500));
  it('is what failed of it', () =>
    expect(decide(cut, trial(500, 50))).toMatchObject({ kind: 'cut', streak: { records: 500, through: '50' } }));

  it('is what is left of it after a success', () => {
    const left = narrowAfterSuccess(cut, after(50), 500);
    expect(left).toMatchObject({ records: 500, through: '100', phase: 'cut' });
    expect(trialSize(left as FailureStreak)).toBe(250);
  });

  it('is cleared once all of it was committed', () => expect(narrowAfterSuccess(cut, after(100), 500)).toBeUndefined());

  it('is tried once by itself where one record is left over', () => {
    const left = narrowAfterSuccess({ ...cut, records: 2 }, after(99), 1) as FailureStreak;
    expect(left).toMatchObject({ records: 1, phase: 'cut' });
    expect(trialSize(left)).toBe(1);
  });
});

describe('deaths', () => {
  it('are fewer than attempts: two, and the batch is cut without a delay', () => {
    expect(repeat(2, trial(8), died).map(({ kind }) => kind)).toEqual(['retry', 'cut']);
  });

  it('on a part of the range are counted anew; a single one narrows it', () => {
    const cut = repeat(2, trial(8), died).at(-1)?.streak;
    const half = decide(cut, trial(4, 50), { cause: died });
    expect(half).toMatchObject({ kind: 'cut', streak: { records: 4, deaths: 1 } });
  });

  it('of a record alone must be two as well: something else in the process may have been the cause', () => {
    const cut = repeat(2, trial(2), died).at(-1)?.streak;
    const once = decide(cut, trial(1, 50), { cause: died });
    expect(once).toMatchObject({ kind: 'cut', streak: { records: 1, deaths: 1 } });
    expect(decide(once.streak, trial(1, 50), { cause: died })).toMatchObject({
      kind: 'final',
      streak: { condition: 'HandlerDied' },
    });
  });

  it('do not use up the attempts of a handler that throws', () => {
    const rules = { ...policy, maxDeaths: 100, maxAttempts: 2 };
    expect(repeat(5, trial(8), died, rules).every(({ kind }) => kind === 'retry')).toBe(true);
  });
});

it('a streak counts until the checkpoint has passed its range', () => {
  const { streak } = decide(undefined, trial(8, 100));
  expect(streakAt(streak, TRIM_HORIZON)).toBe(streak);
  expect(streakAt(streak, after(99))).toBe(streak);
  expect(streakAt(streak, after(100))).toBeUndefined();
  expect(streakAt(undefined, TRIM_HORIZON)).toBeUndefined();
});

describe('the delay between attempts', () => {
  const delays = (rules: FailurePolicy, random = 0): number[] =>
    [1, 2, 3, 7, 8, 100_000].map((failures) => retryDelayMs(rules, failures, random));

  it('doubles up to a minute', () => expect(delays(policy)).toEqual([1_000, 2_000, 4_000, 60_000, 60_000, 60_000]));
  it('grows by the factor', () =>
    expect(delays({ ...policy, backoffFactor: 1 })).toEqual([1_000, 1_000, 1_000, 1_000, 1_000, 1_000]));
  it('may be none', () => expect(delays({ ...policy, minBackoffMs: 0 })).toEqual([0, 0, 0, 0, 0, 0]));
  it('has a random share', () => expect(delays({ ...policy, jitter: 0.5 }, 0.999_999)[0]).toBe(500));
});
