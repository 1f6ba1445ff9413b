import type { TrialMark, Writer } from '../core/checkpoint';
import {
  decideFailure,
  streakAt,
  type Decision,
  type FailureCause,
  type FailurePolicy,
  type FailureStreak,
} from '../core/failure-policy';
import type { Position } from '../core/positions';
import type { ParkedOrder } from '../core/shard-work';
import { hasEnded, isOfEarlierAttempt, type EndedAttempts } from '../core/trial';

const DIED: FailureCause = {
  kind: 'died',
  error: { code: 'HANDLER_DIED', message: 'The process ended while the handler had these records' },
};

export interface Suspicion {
  readonly streak: FailureStreak | undefined;
  /** The death that the row's mark told of, and what was decided about it. */
  readonly death?: { readonly decision: Decision; readonly cause: FailureCause };
}

/** What tells of failures as an execution begins. */
export interface Signs {
  /** Carried by the workflow. */
  readonly carried: FailureStreak | undefined;
  /** Found in the row. */
  readonly trial: TrialMark | undefined;
  readonly writer: Writer;
  /** Attempts that did not die, as they have told. */
  readonly ended: EndedAttempts | undefined;
}

/** What is under suspicion as an execution begins: what the workflow carries, or what the row's mark tells of the attempt before this one. */
export function suspicionAt(
  position: Position,
  { carried, trial, writer, ended }: Signs,
  policy: FailurePolicy,
  world: { readonly nowMs: number; readonly random: number },
): Suspicion {
  const mark = trial && isOfEarlierAttempt(trial, writer) ? trial : undefined;
  const before = mark && streakAt(mark.streak, position);
  if (before === undefined) return { streak: streakAt(carried, position) };
  if (!mark?.isRunning || hasEnded(ended, mark.attempt)) return { streak: before };
  const { through, records } = before;
  const tried = { position, through, records, oldestArrivalMs: Infinity };
  const decision = decideFailure(policy, { before, trial: tried, cause: DIED }, world);
  return { streak: decision.streak, death: { decision, cause: DIED } };
}

/** An operator's `retry`, and the end of a park, begin anew: with all attempts, and the batch whole. */
export function afterOrder(
  streak: FailureStreak | undefined,
  order: ParkedOrder | undefined,
): FailureStreak | undefined {
  if (streak === undefined || order?.kind !== 'retry' || order.keyDigest !== undefined) return streak;
  const { error: _error, condition: _condition, pending, ...rest } = streak;
  const fresh = pending?.map(({ sequenceNumber }) => ({ sequenceNumber, failures: 0 }));
  return { ...rest, phase: 'retry', failures: 0, deaths: 0, ...(fresh ? { pending: fresh } : {}) };
}
