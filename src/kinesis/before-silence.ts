import { TidemarkError } from '../core/errors';

/**
 * How long a subscription may be silent. Kinesis sends an event every few seconds, with records or without; KCL and Redpanda Connect wait 35 s
 * before they call a subscription dead.
 */
export const SILENCE_MS = 35_000;

/** What `promise` gives, unless it says nothing for too long: then `controller` is aborted. @throws `KINESIS_UNAVAILABLE` */
export async function beforeSilence<T>(
  promise: Promise<T>,
  controller: AbortController,
  silenceMs: number,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new TidemarkError('KINESIS_UNAVAILABLE', `A subscription said nothing for ${silenceMs} ms`));
      controller.abort();
    }, silenceMs);
    // A subscription that nobody reads from must not keep the process alive.
    timer.unref();
  });
  // One that is given up fails later, unheard.
  promise.catch(() => undefined);
  try {
    return await Promise.race([promise, silence]);
  } finally {
    clearTimeout(timer);
  }
}
