/** From what became of each record to what may be committed: pure. */
import type { DeadLetterCondition } from './dead-letter';
import {
  isTooOld,
  retryDelayMs,
  streakAt,
  type FailurePolicy,
  type FailureStreak,
  type PendingRecord,
} from './failure-policy';
import type { RecordError, RecordOutcomes } from './outcome';
import type { Position } from './positions';
import { compareRecordNames, nameOfRecord, positionAfter, type PlacedRecord } from './record-name';

/** A record of a span that is settled together. */
export interface SettledRecord extends PlacedRecord {
  readonly arrivalMs: number;
}

/** A record that is given up. */
export interface GivenUp {
  readonly index: number;
  readonly error: RecordError;
  readonly condition: DeadLetterCondition;
  /** 0 of a record that was not tried, because its partition key is parked. */
  readonly attempts: number;
}

const KEY_PARKED: RecordError = {
  code: 'PARTITION_KEY_PARKED',
  message: 'An earlier record of its partition key is parked',
};

export interface Settlement {
  /** How many records from the first on the checkpoint may pass: each handled, filtered, handled before, or given up. */
  readonly covered: number;
  /** To be set aside in the same write; all among the covered. */
  readonly givenUp: readonly GivenUp[];
  /** What is left of the span, if it is to be tried again. */
  readonly retry?: { readonly streak: FailureStreak; readonly delayMs: number };
  /** The record at which the shard halts; the first that is not covered. Only where the policy is not to set records aside. */
  readonly halt?: GivenUp;
}

/** So many records that wait are remembered one by one; those behind them run again. Bounds what goes through Temporal's history. */
export const MAX_PENDING = 100;

export interface Span {
  readonly position: Position;
  readonly records: readonly SettledRecord[];
  /** Outcomes by index in `records`. */
  readonly outcomes: RecordOutcomes;
  /** Records whose partition key is parked: set aside untried. */
  readonly diverted?: readonly number[];
  readonly streak: FailureStreak | undefined;
}

/**
 * Settles a span whose handler named what failed. Records that can never succeed, or have used their attempts, are given up; the others
 * wait for another attempt, and only they: what succeeded beyond them is not run again.
 */
export function settle(policy: FailurePolicy, span: Span, world: { nowMs: number; random: number }): Settlement {
  const { givenUp, waiting } = sortOut(policy, span, world.nowMs);
  const firstGivenUp = givenUp[0];
  const firstWaiting = waiting[0];
  const isHalting = !setsAside(policy) && firstGivenUp !== undefined;
  if (isHalting && (firstWaiting === undefined || firstGivenUp.index < firstWaiting.index))
    return { covered: firstGivenUp.index, givenUp: [], halt: firstGivenUp };
  const stopAt = firstWaiting?.index ?? span.records.length;
  const covered = isHalting ? Math.min(stopAt, firstGivenUp.index) : stopAt;
  const set = isHalting ? [] : givenUp.filter(({ index }) => index < covered);
  const left = isHalting
    ? merge(waiting, givenUp)
    : merge(
        waiting,
        givenUp.filter(({ index }) => index >= covered),
      );
  return { covered, givenUp: set, ...(left.length === 0 ? {} : { retry: retryOf(policy, span, left, world) }) };
}

/** Whether a record that is given up is written aside, and the shard goes on; otherwise it halts there. */
export function setsAside({ then, parkBy }: FailurePolicy): boolean {
  return then === 'deadLetter' || (then === 'park' && parkBy === 'partitionKey');
}

interface Waiting {
  readonly index: number;
  /** Failures so far; 0 of a record that was not tried. */
  readonly failures: number;
  readonly error?: RecordError;
}

function sortOut(
  policy: FailurePolicy,
  { records, outcomes, streak, position, diverted = [] }: Span,
  nowMs: number,
): { givenUp: GivenUp[]; waiting: Waiting[] } {
  const givenUp: GivenUp[] = [];
  const waiting: Waiting[] = [];
  const failuresOf = failureCounter(streakAt(streak, position));
  const nameOf = (index: number): string => nameAt(records, index);
  for (const index of diverted)
    givenUp.push({ index, error: KEY_PARKED, condition: 'PartitionKeyParked', attempts: 0 });
  for (const { index, error } of outcomes.rejected)
    givenUp.push({ index, error, condition: 'RecordRejected', attempts: failuresOf(nameOf(index)) + 1 });
  for (const { index, error } of outcomes.failed) {
    const attempts = failuresOf(nameOf(index)) + 1;
    const isOld = isTooOld(policy, records[index]?.arrivalMs ?? nowMs, nowMs);
    const condition = isOld ? 'RecordAgeExceeded' : 'RetryAttemptsExhausted';
    if (isOld || attempts >= policy.maxAttempts) givenUp.push({ index, error, condition, attempts });
    else waiting.push({ index, failures: attempts, error });
  }
  for (const index of outcomes.unhandled) waiting.push({ index, failures: failuresOf(nameOf(index)) });
  return { givenUp: givenUp.toSorted(byIndex), waiting: waiting.toSorted(byIndex) };
}

function failureCounter(streak: FailureStreak | undefined): (name: string) => number {
  if (streak === undefined) return () => 0;
  if (streak.pending === undefined) return () => streak.failures;
  const failures = new Map(streak.pending.map((record) => [record.sequenceNumber, record.failures]));
  return (name) => failures.get(name) ?? 0;
}

/** Given up, but not yet covered: it stays in line with one attempt less than its last, so that it is given up again. */
function merge(waiting: readonly Waiting[], givenUp: readonly GivenUp[]): Waiting[] {
  const kept = givenUp.map(({ index, error, attempts }) => ({ index, error, failures: Math.max(0, attempts - 1) }));
  return [...waiting, ...kept].toSorted(byIndex);
}

function retryOf(
  policy: FailurePolicy,
  span: Span,
  left: readonly Waiting[],
  { random }: { random: number },
): { streak: FailureStreak; delayMs: number } {
  const { position, records } = span;
  const first = left[0]?.index ?? 0;
  const error = left.find((record) => record.error !== undefined)?.error;
  const range = rangeOf(span, left);
  const failures = Math.max(...range.pending.map((record) => record.failures));
  const streak: FailureStreak = {
    position: first === 0 ? position : after(records[first - 1]),
    ...range,
    records: range.pending.length,
    failures,
    deaths: 0,
    phase: 'retry',
    ...(error ? { error } : {}),
  };
  return { streak, delayMs: failures === 0 ? 0 : retryDelayMs(policy, failures, random) };
}

/** What waits, each record with its own failures; where it is too much, only the beginning of it: the range ends there. */
function rangeOf(
  { position, records, streak }: Span,
  left: readonly Waiting[],
): { readonly through: string; readonly pending: readonly PendingRecord[] } {
  const last = nameAt(records, records.length - 1);
  const named = namedStreak(streakAt(streak, position));
  const here: PendingRecord[] = left.map(({ index, failures }) => ({
    sequenceNumber: nameAt(records, index),
    failures,
  }));
  const beyond = (named?.pending ?? []).filter(({ sequenceNumber }) => isBehind(sequenceNumber, last));
  const pending = [...here, ...beyond];
  if (pending.length <= MAX_PENDING) return { through: farther(named?.through, last), pending };
  const kept = pending.slice(0, MAX_PENDING);
  return { through: kept.at(-1)?.sequenceNumber ?? last, pending: kept };
}

/** Where the handler named what failed, the range stays as it is: what is not named in it was handled, also beyond this span. */
function namedStreak(streak: FailureStreak | undefined): FailureStreak | undefined {
  return streak?.pending === undefined ? undefined : streak;
}

function farther(a: string | undefined, b: string): string {
  return a !== undefined && isBehind(a, b) ? a : b;
}

function isBehind(a: string, b: string): boolean {
  return compareRecordNames(a, b) > 0;
}

function after(record: SettledRecord | undefined): Position {
  return positionAfter(record ?? { sequenceNumber: '0' });
}

function nameAt(records: readonly SettledRecord[], index: number): string {
  const record = records[index];
  return record ? nameOfRecord(record) : '';
}

function byIndex(a: { index: number }, b: { index: number }): number {
  return a.index - b.index;
}
