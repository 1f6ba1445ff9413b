import { setTimeout as sleep } from 'node:timers/promises';

export interface WaitOptions {
  readonly timeoutMs: number;
  readonly pollIntervalMs?: number;
  /** What is waited for; stands in the error. */
  readonly what: string;
}

/** Looks again and again until there is something to return. */
export async function waitFor<T>(
  look: () => T | undefined | Promise<T | undefined>,
  { timeoutMs, pollIntervalMs = 100, what }: WaitOptions,
): Promise<T> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadlineMs) throw new Error(`Waited ${timeoutMs / 1_000} s for ${what}`);
    await sleep(pollIntervalMs);
  }
}
