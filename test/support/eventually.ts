import { setTimeout as sleep } from 'node:timers/promises';

export interface EventuallyOptions {
  /** Default 10 s. */
  timeoutMs?: number;
  /** Default 50 ms. */
  intervalMs?: number;
  /** What is waited for; begins the message of the failure. */
  what?: string;
}

type Truthy<T> = T extends false | 0 | '' | null | undefined ? never : T;

/**
 * Tries until the condition holds: it returns something truthy, or it returns nothing after making jest assertions
 * that all passed. Falsy values and errors mean "not yet"; at the time limit the last of them is reported.
 */
export async function eventually<T>(
  condition: () => T | Promise<T>,
  { timeoutMs = 10_000, intervalMs = 50, what = 'the condition' }: EventuallyOptions = {},
): Promise<Truthy<T>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const outcome = await within(deadline, attempt(condition));
    if ('value' in outcome) return outcome.value as Truthy<T>;
    if (performance.now() >= deadline) {
      throw new Error(`${what} did not come true within ${timeoutMs} ms: ${outcome.reason}`, {
        cause: outcome.cause,
      });
    }
    await sleep(intervalMs);
  }
}

type Outcome<T> = { value: T } | { reason: string; cause?: unknown };

async function attempt<T>(condition: () => T | Promise<T>): Promise<Outcome<T>> {
  const assertionsBefore = assertionsMade();
  try {
    const value = await condition();
    const passedAssertions = value === undefined && assertionsMade() > assertionsBefore;
    return value || passedAssertions ? { value } : { reason: `last value was ${String(value)}` };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error), cause: error };
  }
}

/** A condition that never answers must not outlive the time limit. */
async function within<T>(deadline: number, pending: Promise<Outcome<T>>): Promise<Outcome<T>> {
  const answered = new AbortController();
  const remainingMs = Math.max(0, deadline - performance.now());
  const late = sleep(remainingMs, { reason: 'it gave no answer' }, { signal: answered.signal });
  try {
    return await Promise.race([pending, late]);
  } finally {
    answered.abort();
    late.catch(() => undefined);
  }
}

function assertionsMade(): number {
  return typeof expect === 'undefined' ? 0 : expect.getState().assertionCalls;
}
