import { TidemarkError } from '../core/errors';

/** Epoch milliseconds. @throws `INVALID_OPTION` */
export function deadlineAfter(timeoutMs: number): number {
  if (Number.isFinite(timeoutMs) && timeoutMs >= 0) return Date.now() + timeoutMs;
  throw new TidemarkError('INVALID_OPTION', `timeoutMs is ${timeoutMs}: expected a number of milliseconds`);
}
