import { ApplicationFailure } from '@temporalio/activity';
import type { CheckpointState } from '../core/checkpoint';
import type { FailureStreak } from '../core/failure-policy';
import type { RecordError } from '../core/outcome';
import type { Halt, HandlerFailure, SliceResult } from '../core/shard-work';

export interface FailedWork {
  readonly error: RecordError;
  /** What failed, for people: how many records, which, and what comes next. */
  readonly what: string;
  /** What is decided: as a normal result tells it. */
  readonly checkpoint: CheckpointState;
  readonly summary: Omit<SliceResult, 'end'>;
  readonly streak: FailureStreak;
  readonly retryAfterMs: number;
  readonly nowMs: number;
  readonly halt?: Halt;
}

/** The failure of an activity whose handler failed: the decided state like a normal result, and what comes next. */
export function handlerFailure(work: FailedWork): ApplicationFailure {
  const { error, what, checkpoint, summary, streak, retryAfterMs, nowMs, halt } = work;
  const message = `${what}: ${error.message}`;
  const failure: HandlerFailure = {
    ...summary,
    checkpoint,
    streak,
    retryAfterMs,
    error: { code: error.code, message, atMs: nowMs },
    ...(halt ? { halt } : {}),
  };
  return ApplicationFailure.create({ type: 'HANDLER_FAILED', message, nonRetryable: true, details: [failure] });
}
