import { getEventListeners } from 'node:events';

import { TidemarkError } from '../../../src/core/errors';
import type { BatchHandler } from '../../../src/handler/handler';
import type { RunOutcome } from '../../../src/handler/handler-runner';
import { inlineRunner } from '../../../src/handler/inline-runner';
import { consumerOf, never, requestOf } from './support/runs';

function run(handler: BatchHandler, { handlerTimeoutMs = 60_000, lost = never() } = {}): Promise<RunOutcome> {
  return inlineRunner(consumerOf(handler, { handlerTimeoutMs })).run(requestOf(['a'], { lost }));
}

it('gives the outcome of the batch', async () => {
  expect(await run(() => undefined)).toEqual({ filtered: [], rejected: [], failed: [], unhandled: [] });
  await expect(run(() => Promise.reject(new Error('bad')))).rejects.toMatchObject({ kind: 'failed' });
});

describe('a handler whose time is up', () => {
  const timeout = { kind: 'timeout', error: { code: 'HANDLER_TIMEOUT' } };

  it('is told by its signal, and the batch fails although the handler goes on', async () => {
    let signal: AbortSignal | undefined;
    const failed = run(
      (_, context) => {
        signal = context.signal;
        return new Promise(() => undefined);
      },
      { handlerTimeoutMs: 100 },
    );
    await expect(failed).rejects.toMatchObject(timeout);
    await expect(failed).rejects.toThrow('The handler took longer than 100 ms');
    expect(signal?.reason).toMatchObject({ code: 'HANDLER_TIMEOUT' });
  });

  it('and that throws the reason of its signal has no failure of its own', async () => {
    const failed = run(
      (_, { signal }) =>
        new Promise((__, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
      { handlerTimeoutMs: 100 },
    );
    await expect(failed).rejects.toMatchObject(timeout);
  });

  it('may fail later without anybody noticing', async () => {
    const unhandled = jest.fn();
    process.on('unhandledRejection', unhandled);
    let fail: (error: Error) => void = () => undefined;
    const failed = run(() => new Promise((_, reject) => (fail = reject)), { handlerTimeoutMs: 100 });
    await expect(failed).rejects.toMatchObject(timeout);
    fail(new Error('late'));
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  it('has failed although all it waits for is its schema', async () => {
    const schema = {
      '~standard': { version: 1 as const, vendor: 'test', validate: () => new Promise<never>(() => undefined) },
    };
    const consumer = consumerOf(() => undefined, { schema, handlerTimeoutMs: 100 });
    await expect(inlineRunner(consumer).run(requestOf(['1']))).rejects.toMatchObject(timeout);
  });
});

describe('a shard that is lost', () => {
  const reason = new TidemarkError('OWNERSHIP_EXPIRED', 'taken');

  it('aborts the handler and ends the call', async () => {
    const lost = new AbortController();
    const ended = run(
      (_, { signal }) => {
        lost.abort(reason);
        expect(signal.aborted).toBe(true);
        return new Promise(() => undefined);
      },
      { lost: lost.signal },
    );
    await expect(ended).rejects.toBe(reason);
  });

  it('before the call keeps the handler from being called', async () => {
    const handler = jest.fn();
    await expect(run(handler, { lost: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(handler).not.toHaveBeenCalled();
  });

  it('after the call is nothing to the handler', async () => {
    const lost = new AbortController();
    let signal: AbortSignal | undefined;
    await run((_, context) => void (signal = context.signal), { lost: lost.signal });
    lost.abort(reason);
    expect(signal?.reason).toBe(reason);
  });
});

it('leaves no listener behind on a signal that outlives thousands of batches', async () => {
  const lost = new AbortController();
  for (let batch = 0; batch < 50; batch += 1) await run(() => undefined, { lost: lost.signal });
  expect(getEventListeners(lost.signal, 'abort')).toHaveLength(0);
});

it('closes without anything to close', async () => {
  await inlineRunner(consumerOf(() => undefined)).close();
});
