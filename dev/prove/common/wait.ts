import { setTimeout as sleep } from 'node:timers/promises';

const POLL_INTERVAL_MS = 100;

export interface WaitOptions {
  readonly timeoutMs: number;
  /** What is waited for; a function is asked at the time limit. */
  readonly what: string | (() => string);
  readonly signal: AbortSignal;
}

/** Looks again and again until the condition holds. Rejects at the time limit, or with the reason of the signal. */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  { timeoutMs, what, signal }: WaitOptions,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    signal.throwIfAborted();
    if (await condition()) return;
    if (performance.now() > deadline) throw new Error(timedOut(timeoutMs, what));
    await pause(POLL_INTERVAL_MS, signal);
  }
}

/** Sleeps, or rejects with the reason of the signal. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch {
    signal.throwIfAborted();
  }
}

function timedOut(timeoutMs: number, what: WaitOptions['what']): string {
  return `waited ${Math.round(timeoutMs / 1_000)} s for ${typeof what === 'string' ? what : what()}`;
}
