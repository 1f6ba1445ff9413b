import type { TrialMark, Writer } from './checkpoint';
import type { FailureStreak } from './failure-policy';
import { isSequenceNumber, parsePosition } from './positions';

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
  if (!areCounts || position === undefined || !isSequenceNumber(streak.through)) return undefined;
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
