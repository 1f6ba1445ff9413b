import { ApplicationFailure } from '@temporalio/activity';
import type { CheckpointState } from '../core/checkpoint';
import { countFailure, retryDelayMs, type FailureStreak } from '../core/failure-policy';
import type { ResolvedOptions } from '../core/resolve-options';
import type { HandlerFailure, SliceResult } from '../core/shard-work';
import { describeHandlerError, tidemarkCodeOf } from '../handler/describe-error';
import type { KinesisRecord } from '../handler/record';

export interface FailedBatch {
  readonly records: readonly KinesisRecord[];
  /** What was committed before, and how often this batch has failed. */
  readonly checkpoint: CheckpointState;
  readonly streak: FailureStreak | undefined;
  readonly summary: Omit<SliceResult, 'end'>;
}

/** The failure of an activity whose handler failed: the decided state like a normal result, and what comes next. */
export function handlerFailure(
  error: unknown,
  { records, checkpoint, streak, summary }: FailedBatch,
  { options, random, nowMs }: { options: ResolvedOptions; random: number; nowMs: number },
): ApplicationFailure {
  const counted = countFailure(streak, checkpoint.position);
  const code = tidemarkCodeOf(error) === 'HANDLER_TIMEOUT' ? 'HANDLER_TIMEOUT' : 'HANDLER_FAILED';
  const range = `${records[0]?.sequenceNumber} to ${records.at(-1)?.sequenceNumber}`;
  const message = `The handler failed on ${records.length} records, ${range}: ${describeHandlerError(error, options.errorMessages)}`;
  const failure: HandlerFailure = {
    ...summary,
    checkpoint,
    streak: counted,
    retryAfterMs: retryDelayMs(counted, random),
    error: { code, message, atMs: nowMs },
  };
  return ApplicationFailure.create({ type: 'HANDLER_FAILED', message, nonRetryable: true, details: [failure] });
}
