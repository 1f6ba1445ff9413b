import { ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import { TidemarkError, codeOf } from '../core/errors';
import { endsWorkflow } from '../core/terminal-codes';
import { describeHandlerError } from '../handler/describe-error';

/**
 * What leaves an activity: a failure whose type is a Tidemark code. Only what no waiting mends is non-retryable.
 * The text of an unknown error stays inside: it may quote a record.
 */
export function toFailure(error: unknown): Error {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure) return error;
  const code = codeOf(error);
  if (error instanceof TidemarkError && code !== undefined) {
    return ApplicationFailure.create({ type: code, message: error.message, nonRetryable: endsWorkflow(code) });
  }
  return ApplicationFailure.create({
    type: 'INTERNAL',
    message: `Unexpected ${describeHandlerError(error, 'code')}`,
    nonRetryable: false,
  });
}
