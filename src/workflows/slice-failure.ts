/** What an activity that failed tells of the shard. */
import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';
import type { HandlerFailure, LossFailure } from '../core/shard-work';

/** Failures with the state of the shard in their details: records failed, or were lost and the consumer is to stop then. */
const TELLING: readonly unknown[] = ['HANDLER_FAILED', 'DATA_LOST'];

export function handlerFailureOf(error: unknown): HandlerFailure | LossFailure | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  if (!(cause instanceof ApplicationFailure) || !TELLING.includes(cause.type)) return undefined;
  return cause.details?.[0] as HandlerFailure | LossFailure;
}
