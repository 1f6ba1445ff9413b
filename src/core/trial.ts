import type { TrialMark, Writer } from './checkpoint';
import type { ErrorCode } from './errors';
import type { FailureStreak } from './failure-policy';
import { parsePosition } from './positions';
import { isRecordName } from './record-name';

/** A mark from a stored value; undefined if it is not one. */
export function parseTrial(value: unknown): TrialMark | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { streak, isRunning = true, runId, activitySeq, attempt } = value as Partial<TrialMark>;
  const isExecution = typeof runId === 'string' && typeof activitySeq === 'number' && typeof attempt === 'number';
  const parsed = parseStreak(streak);
  return isExecution && parsed ? { streak: parsed, isRunning, runId, activitySeq, attempt } : undefined;
}

function parseStreak(value: unknown): FailureStreak | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const streak = value as FailureStreak;
  const position = parsePosition(streak.position);
  const areCounts = [streak.records, streak.failures, streak.deaths].every(Number.isSafeInteger);
  if (!areCounts || position === undefined || !isRecordName(streak.through)) return undefined;
  const isKnown = ['retry', 'cut', 'final'].includes(streak.phase) && Array.isArray(streak.pending ?? []);
  return isKnown ? { ...streak, position } : undefined;
}

/**
 * Whether the mark was left by an earlier attempt of the very activity that is tried again now, which ended without a word. A mark of
 * any other activity is older than what the workflow knows.
 */
export function isOfEarlierAttempt({ runId, activitySeq, attempt }: TrialMark, me: Writer): boolean {
  return runId === me.runId && activitySeq === me.activitySeq && attempt < me.attempt;
}

/** Attempts of one activity, one after the other, each of which ended by an error. */
export interface EndedAttempts {
  readonly from: number;
  readonly to: number;
  /** Why the last of them ended. */
  readonly code: ErrorCode;
  /** The mark of the dead letter that the handler had alone then, if any. */
  readonly letter?: string;
}

/** What the attempts that follow are to know once this one has ended by an error. */
export function endedWith(
  before: EndedAttempts | undefined,
  { attempt, code, letter = before?.letter }: { attempt: number; code: ErrorCode; letter: string | undefined },
): EndedAttempts {
  const from = before?.to === attempt - 1 ? before.from : attempt;
  return { from, to: attempt, code, ...(letter === undefined ? {} : { letter }) };
}

/** An attempt that lived to tell its error has not died: whatever mark it left behind counts nothing. */
export function hasEnded(ended: EndedAttempts | undefined, attempt: number): boolean {
  return ended !== undefined && ended.from <= attempt && attempt <= ended.to;
}
