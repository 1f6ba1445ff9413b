import { TidemarkError } from '../core/errors';
import type { ConsumerDefinition } from './define-consumer';
import { BatchFailedError, type HandlerRunner, type RunOutcome, type RunRequest } from './handler-runner';
import { keepPayloadsOf } from '../kinesis/page-views';
import { runBatch } from './run-batch';

/** Runs the user's code in this thread. A handler that ignores its signal may still be running after a rejection. */
export function inlineRunner(definition: ConsumerDefinition): HandlerRunner {
  return { run: (request) => runInline(definition, request), close: async () => undefined };
}

async function runInline(definition: ConsumerDefinition, request: RunRequest): Promise<RunOutcome> {
  const { lost } = request;
  lost.throwIfAborted();
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(handlerTimeout(definition)), definition.options.handlerTimeoutMs);
  const signal = AbortSignal.any([deadline.signal, lost]);
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    // In a turn of its own, so that a handler that aborts at once is heard.
    return await Promise.race([Promise.resolve().then(() => runBatch(definition, request, signal)), aborted]);
  } catch (error) {
    // It may be at work still.
    keepPayloadsOf(request.records);
    const timeout: unknown = deadline.signal.reason;
    throw error === timeout && timeout instanceof TidemarkError ? timedOut(timeout) : error;
  } finally {
    clearTimeout(timer);
    if (onAbort) signal.removeEventListener('abort', onAbort);
  }
}

/** The reason of a handler's signal once its time is up. */
export function handlerTimeout({ options }: ConsumerDefinition): TidemarkError {
  return new TidemarkError('HANDLER_TIMEOUT', `The handler took longer than ${options.handlerTimeoutMs} ms`);
}

export function timedOut({ message }: TidemarkError): BatchFailedError {
  return new BatchFailedError('timeout', { code: 'HANDLER_TIMEOUT', message });
}
