import type { TrialMark, Writer } from './checkpoint';
import { isSequenceNumber, parsePosition } from './positions';

/** A mark from a stored value; undefined if it is not one. */
export function parseTrial(value: unknown): TrialMark | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { streak, runId, activitySeq, attempt } = value as Partial<TrialMark>;
  const isExecution = typeof runId === 'string' && typeof activitySeq === 'number' && typeof attempt === 'number';
  if (!isExecution || typeof streak !== 'object' || streak === null) return undefined;
  const position = parsePosition(streak.position);
  const isStreak =
    position !== undefined &&
    isSequenceNumber(streak.through) &&
    [streak.records, streak.failures, streak.deaths].every(Number.isSafeInteger) &&
    ['retry', 'cut', 'final'].includes(streak.phase) &&
    (streak.pending === undefined || Array.isArray(streak.pending));
  return isStreak ? { streak: { ...streak, position }, runId, activitySeq, attempt } : undefined;
}

/**
 * Whether the execution that wrote the mark died before it could commit or report: an earlier attempt of the very activity that is tried
 * again now. A mark of any other activity was left by one that ended by itself.
 */
export function diedInTrial({ runId, activitySeq, attempt }: TrialMark, me: Writer): boolean {
  return runId === me.runId && activitySeq === me.activitySeq && attempt < me.attempt;
}
