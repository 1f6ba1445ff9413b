import { TidemarkError } from '../core/errors';
import type { Batch, BatchHandler, HandlerContext } from './handler';

export interface HandlerRun {
  readonly handler: BatchHandler;
  readonly batch: Batch;
  readonly context: Omit<HandlerContext, 'signal'>;
  readonly timeoutMs: number;
  /** Aborts when the shard is lost. */
  readonly lost: AbortSignal;
}

/**
 * Calls the handler with its deadline. Resolves if the batch was handled; rejects with the handler's own error, with
 * `HANDLER_TIMEOUT`, or with the reason of `lost`. A handler that ignores its signal may still be running after a rejection.
 */
export async function runHandler({ handler, batch, context, timeoutMs, lost }: HandlerRun): Promise<void> {
  lost.throwIfAborted();
  const deadline = new AbortController();
  const timer = setTimeout(
    () => deadline.abort(new TidemarkError('HANDLER_TIMEOUT', `The handler took longer than ${timeoutMs} ms`)),
    timeoutMs,
  );
  const signal = AbortSignal.any([deadline.signal, lost]);
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    const result: unknown = await Promise.race([
      Promise.resolve().then(() => handler(batch, { ...context, signal })),
      aborted,
    ]);
    if (result !== undefined) throw unexpectedResult(result);
  } finally {
    clearTimeout(timer);
    if (onAbort) signal.removeEventListener('abort', onAbort);
  }
}

function unexpectedResult(result: unknown): TidemarkError {
  const shape = Array.isArray(result) ? 'array' : result === null ? 'null' : typeof result;
  return new TidemarkError(
    'HANDLER_FAILED',
    `The handler returned a value (${shape}), but a handler must return nothing`,
    {
      hint: 'Await what the handler does and return nothing; throw if the batch failed.',
    },
  );
}
