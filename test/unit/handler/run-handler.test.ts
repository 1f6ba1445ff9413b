import { getEventListeners } from 'node:events';

import { TidemarkError } from '../../../src/core/errors';
import type { Batch, BatchHandler } from '../../../src/handler/handler';
import { runHandler } from '../../../src/handler/run-handler';

const BATCH: Batch = { records: [], shardId: 'shardId-0', streamName: 'flights', millisBehindLatest: 0 };
const CONTEXT = { consumer: 'delays', attempt: 3 };

function run(handler: BatchHandler, { timeoutMs = 60_000, lost = new AbortController().signal } = {}): Promise<void> {
  return runHandler({ handler, batch: BATCH, context: CONTEXT, timeoutMs, lost });
}

it('gives the handler its batch and its context', async () => {
  const handler = jest.fn<void, Parameters<BatchHandler>>();
  await run(handler);
  expect(handler.mock.calls[0]?.[0]).toBe(BATCH);
  expect(handler.mock.calls[0]?.[1]).toEqual({ ...CONTEXT, signal: expect.any(AbortSignal) });
});

it.each([
  [
    'throws',
    () => {
      throw new Error('bad');
    },
  ],
  ['rejects', () => Promise.reject(new Error('bad'))],
] as [string, BatchHandler][])('fails with the error that the handler %s', async (_, handler) => {
  await expect(run(handler)).rejects.toThrow('bad');
});

describe('a handler whose time is up', () => {
  it('is told by its signal, and the batch fails although the handler goes on', async () => {
    let signal: AbortSignal | undefined;
    const failed = run(
      (_, context) => {
        signal = context.signal;
        return new Promise(() => undefined);
      },
      { timeoutMs: 5 },
    );
    await expect(failed).rejects.toMatchObject({ code: 'HANDLER_TIMEOUT' });
    expect(signal?.reason).toMatchObject({ code: 'HANDLER_TIMEOUT' });
  });

  it('may fail later without anybody noticing', async () => {
    const unhandled = jest.fn();
    process.on('unhandledRejection', unhandled);
    let fail: (error: Error) => void = () => undefined;
    const failed = run(() => new Promise((_, reject) => (fail = reject)), { timeoutMs: 5 });
    await expect(failed).rejects.toMatchObject({ code: 'HANDLER_TIMEOUT' });
    fail(new Error('late'));
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
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
