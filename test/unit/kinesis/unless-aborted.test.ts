import { getEventListeners } from 'node:events';
import { unlessAborted } from '../../../src/kinesis/unless-aborted';

const REASON = new Error('stopped');
const FAILURE = new Error('broke off');

function scene() {
  const controller = new AbortController();
  let settle = { resolve: (_: string) => {}, reject: (_: Error) => {} };
  const promise = new Promise<string>((resolve, reject) => (settle = { resolve, reject }));
  return { controller, promise, ...settle };
}

describe('unlessAborted', () => {
  it('gives what the promise gives, and listens no more', async () => {
    const { controller, promise, resolve } = scene();
    const result = unlessAborted(promise, controller.signal);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
    resolve('page');
    await expect(result).resolves.toBe('page');
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  it('fails as the promise does, and listens no more', async () => {
    const { controller, promise, reject } = scene();
    const result = unlessAborted(promise, controller.signal);
    reject(FAILURE);
    await expect(result).rejects.toBe(FAILURE);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  it('fails with the reason of a signal that aborts meanwhile; what comes later goes unheard', async () => {
    const { controller, promise, reject } = scene();
    const result = unlessAborted(promise, controller.signal);
    controller.abort(REASON);
    reject(FAILURE);
    await expect(result).rejects.toBe(REASON);
  });

  it('fails with the reason of a signal that had aborted, even if the promise is there', async () => {
    await expect(unlessAborted(Promise.resolve('page'), AbortSignal.abort(REASON))).rejects.toBe(REASON);
    await expect(unlessAborted(Promise.reject(FAILURE), AbortSignal.abort(REASON))).rejects.toBe(REASON);
  });
});
