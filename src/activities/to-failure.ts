import { ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import { TidemarkError, codeOf } from '../core/errors';
import { endsWorkflow } from '../core/terminal-codes';

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
  const name = error instanceof Error && /^\w{1,64}$/.test(error.name) ? error.name : typeof error;
  return ApplicationFailure.create({
    type: 'INTERNAL',
    message: `Unexpected ${name}${frameOf(error)}`,
    nonRetryable: false,
  });
}

function frameOf(error: unknown): string {
  if (!(error instanceof Error) || typeof error.stack !== 'string') return '';
  const afterMessage = error.stack.slice(error.stack.indexOf(error.message) + error.message.length);
  return afterMessage
    .split('\n')
    .slice(1, 4)
    .map((line) => ` ${line.trim()}`)
    .join('');
}
