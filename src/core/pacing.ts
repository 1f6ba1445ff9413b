export interface Backoff {
  readonly minMs: number;
  readonly maxMs: number;
}

/** Exponential back-off with full jitter: between 0 and min(max, min x 2^n), never under a tenth of it. `random` is in [0, 1). */
export function backoffMs({ minMs, maxMs }: Backoff, failures: number, random: number): number {
  const ceiling = Math.min(maxMs, minMs * 2 ** Math.min(Math.max(failures - 1, 0), 30));
  return Math.round(ceiling * (0.1 + 0.9 * random));
}

export const READ_BACKOFF: Backoff = { minMs: 250, maxMs: 10_000 };
export const WRITE_BACKOFF: Backoff = { minMs: 100, maxMs: 5_000 };
