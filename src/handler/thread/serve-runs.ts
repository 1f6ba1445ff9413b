import type { MessagePort } from 'node:worker_threads';
import { TidemarkError } from '../../core/errors';
import { withCarriedSpan } from '../../tracing/carrier';
import type { ConsumerDefinition } from '../define-consumer';
import { describeHandlerError } from '../describe-error';
import { BatchFailedError } from '../handler-runner';
import { handlerTimeout } from '../inline-runner';
import { runBatch } from '../run-batch';
import type { AbortKind, FromThread, Reply, RunFailure, ToThread } from './messages';
import { unpack } from './payloads';

type RunMessage = Extract<ToThread, { kind: 'run' }>;

/** The thread's side: runs what comes on `port` with the consumer's handler. Says first that it is ready. */
export function serveRuns(port: MessagePort, definition: ConsumerDefinition): void {
  const running = new Map<number, AbortController>();
  const answer = async (message: RunMessage): Promise<void> => {
    const controller = new AbortController();
    running.set(message.id, controller);
    const reply = await runOf(definition, message, controller.signal);
    running.delete(message.id);
    send(port, reply);
  };
  port.on('message', (message: ToThread) => {
    if (message.kind === 'run') void answer(message);
    else running.get(message.id)?.abort(reasonOf(message.why, definition));
  });
  process.on('uncaughtExceptionMonitor', (error) => {
    const message = describeHandlerError(error, definition.options.errorDetail);
    port.postMessage({ kind: 'dying', message } satisfies FromThread);
  });
  port.postMessage({ kind: 'ready' } satisfies FromThread);
}

async function runOf(definition: ConsumerDefinition, message: RunMessage, signal: AbortSignal): Promise<Reply> {
  const { id, run, records: packed } = message;
  const head = { id, buffers: packed.buffers.slice(0, packed.borrowed) };
  try {
    const given = { ...run, records: unpack(packed) };
    const outcome = await withCarriedSpan(message.span, () => runBatch(definition, given, signal));
    return { ...head, kind: 'outcome', outcome };
  } catch (error) {
    if (signal.aborted) return { ...head, kind: 'aborted' };
    return { ...head, kind: 'failed', failure: failureOf(error, definition) };
  }
}

function failureOf(error: unknown, { options }: ConsumerDefinition): RunFailure {
  if (error instanceof BatchFailedError) return { kind: error.kind, error: error.error, index: error.index };
  return { kind: 'failed', error: { code: 'INTERNAL', message: describeHandlerError(error, options.errorDetail) } };
}

function reasonOf(why: AbortKind, definition: ConsumerDefinition): TidemarkError {
  if (why === 'timeout') return handlerTimeout(definition);
  const hint = 'What the handler does now is not committed.';
  return new TidemarkError('OWNERSHIP_EXPIRED', 'Another execution has the shard', { hint });
}

function send(port: MessagePort, reply: Reply): void {
  try {
    // Some versions of Node send an empty buffer in place of one that is gone.
    if (reply.buffers.some(({ byteLength }) => byteLength === 0)) throw new Error('The handler gave payloads away');
    port.postMessage(reply satisfies FromThread, reply.buffers);
  } catch {
    // That, or effects that cannot be cloned.
    const error = { code: 'INVALID_RESULT', message: NOT_SENT } as const;
    const failure: RunFailure = { kind: 'failed', error };
    port.postMessage({ kind: 'failed', id: reply.id, failure, buffers: [] } satisfies FromThread);
  }
}

const NOT_SENT =
  'The answer of the handler cannot leave its thread. Expected plain data, and payloads that were not transferred elsewhere. Return copies.';
