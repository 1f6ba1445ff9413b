/** What happens after a failure: pure decisions, so that it can be shown that they end, and that no innocent record is given up. */
import type { DeadLetterCondition } from './dead-letter';
import type { RecordError } from './outcome';
import { comparePositions, type Position } from './positions';
import { positionAfterName } from './record-name';

/** `onFailure` with its defaults. */
export interface FailurePolicy {
  readonly maxAttempts: number;
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  readonly backoffFactor: number;
  readonly jitter: number;
  readonly maxRecordAgeMs?: number;
  readonly maxDeaths: number;
  readonly then: 'deadLetter' | 'park' | 'stop';
  readonly parkBy: 'shard' | 'partitionKey';
  readonly parkForMs?: number;
  readonly maxParkedKeys: number;
  readonly maxParkedRecords: number;
}

/**
 * Records at the checkpoint that have failed, carried from slice to slice: the range `(position, through]` holds at least one record
 * that fails.
 */
export interface FailureStreak {
  /** Checkpoint at which the range began. */
  readonly position: Position;
  /** Name of the last record of the range: its sequence number, or `seq.sub`. */
  readonly through: string;
  /** Records of the range that are to be handled, at most. */
  readonly records: number;
  /** Failures in a row, deaths among them. */
  readonly failures: number;
  /** How often the process or thread died on just this range. */
  readonly deaths: number;
  /** `retry`: the range is tried whole. `cut`: its attempts are used up, and it is halved. `final`: its one record is given up. */
  readonly phase: 'retry' | 'cut' | 'final';
  /** Where the handler said which records failed: only these of the range are still to be handled, with their failures so far. */
  readonly pending?: readonly PendingRecord[];
  /** The last failure. */
  readonly error?: RecordError;
  /** With `final`: why. */
  readonly condition?: DeadLetterCondition;
}

export interface PendingRecord {
  /** Its name: `seq` or `seq.sub`. */
  readonly sequenceNumber: string;
  readonly failures: number;
}

/** Records that were tried together and failed. */
export interface Trial {
  readonly position: Position;
  readonly through: string;
  readonly records: number;
  /** Arrival of the oldest of them, epoch milliseconds. */
  readonly oldestArrivalMs: number;
}

export interface FailureCause {
  readonly kind: 'failed' | 'died';
  readonly error: RecordError;
}

export type Decision =
  | { readonly kind: 'retry'; readonly streak: FailureStreak; readonly delayMs: number }
  | { readonly kind: 'cut'; readonly streak: FailureStreak; readonly delayMs: 0 }
  | { readonly kind: 'final'; readonly streak: FailureStreak };

/** The streak that still counts at a position: the checkpoint has not passed its range. */
export function streakAt(streak: FailureStreak | undefined, position: Position): FailureStreak | undefined {
  return streak !== undefined && comparePositions(afterRange(streak), position) > 0 ? streak : undefined;
}

/** How many records the next run may have: half of a range that is being cut, so that its culprit is found in log2 of its size. */
export function trialSize({ phase, records }: FailureStreak): number {
  return phase === 'cut' ? Math.max(1, Math.floor(records / 2)) : Math.max(1, records);
}

/** A failed trial, and what was known before it. */
export interface FailedTrial {
  readonly before: FailureStreak | undefined;
  readonly trial: Trial;
  readonly cause: FailureCause;
}

/**
 * What follows when records that were tried together failed, and nothing is known of single ones: try again, cut, or, if it was one
 * record alone, give it up. A record is never given up for what it did in company: it must have failed by itself.
 */
export function decideFailure(
  policy: FailurePolicy,
  { before, trial, cause }: FailedTrial,
  { nowMs, random }: { nowMs: number; random: number },
): Decision {
  const streak = streakAt(before, trial.position);
  const next = streakAfter(streak, trial, cause);
  const isOld = isTooOld(policy, trial.oldestArrivalMs, nowMs);
  const hasDied = cause.kind === 'died';
  const isCutting = streak?.phase === 'cut';
  const isUsedUp =
    isOld || next.deaths >= policy.maxDeaths || (!hasDied && (isCutting || next.failures >= policy.maxAttempts));
  if (!isUsedUp && !isCutting)
    return { kind: 'retry', streak: { ...next, phase: 'retry' }, delayMs: retryDelayMs(policy, next.failures, random) };
  // A death is no proof: whatever else ran in the process may have been its cause. So it takes several, also of a record alone.
  if (trial.records > 1 || !isUsedUp) return { kind: 'cut', streak: { ...next, phase: 'cut' }, delayMs: 0 };
  const condition = hasDied ? 'HandlerDied' : isOld ? 'RecordAgeExceeded' : 'RetryAttemptsExhausted';
  return { kind: 'final', streak: { ...next, phase: 'final', condition } };
}

function streakAfter(streak: FailureStreak | undefined, trial: Trial, { kind, error }: FailureCause) {
  const { position, through, records } = trial;
  const isNarrower = streak !== undefined && records < streak.records;
  const deathsBefore = isNarrower ? 0 : (streak?.deaths ?? 0);
  return {
    position,
    through,
    records,
    failures: (streak?.failures ?? 0) + 1,
    deaths: deathsBefore + (kind === 'died' ? 1 : 0),
    ...(streak?.pending === undefined ? {} : { pending: streak.pending }),
    error,
  };
}

/** What remains under suspicion after the first records of a range were committed; nothing once all were. */
export function narrowAfterSuccess(
  before: FailureStreak | undefined,
  position: Position,
  records: number,
): FailureStreak | undefined {
  const streak = streakAt(before, position);
  if (streak === undefined || records === 0) return streak;
  return { ...streak, position, records: Math.max(1, streak.records - records), deaths: 0 };
}

/** A failing record that is as old as this is not tried again. */
export function isTooOld({ maxRecordAgeMs }: FailurePolicy, arrivalMs: number, nowMs: number): boolean {
  return maxRecordAgeMs !== undefined && nowMs - arrivalMs > maxRecordAgeMs;
}

/** Exponential back-off; the random share of it is subtracted. `random` is in [0, 1). */
export function retryDelayMs(policy: FailurePolicy, failures: number, random: number): number {
  const { minBackoffMs, maxBackoffMs, backoffFactor, jitter } = policy;
  // Without an exponent that overflows: zero times infinity is no delay.
  const steps = Math.min(Math.max(failures - 1, 0), 1_000);
  const ceiling = minBackoffMs === 0 ? 0 : Math.min(maxBackoffMs, minBackoffMs * backoffFactor ** steps);
  return Math.round(ceiling * (1 - jitter * random));
}

function afterRange({ through }: FailureStreak): Position {
  return positionAfterName(through);
}
