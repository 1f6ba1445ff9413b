/** Kinesis allows 5 GetRecords calls per second and shard, shared by all polling readers (AWS quotas). */
export const MIN_POLL_INTERVAL_MS = 200;

export interface PollOutcome {
  readonly records: number;
  /** Lag that Kinesis reported with the page, milliseconds. */
  readonly millisBehindLatest: number;
}

/**
 * How long to wait after a page before the next poll, milliseconds.
 * Records, or an empty page while Kinesis says there is more, call for the next page at once (an empty page behind the tip is normal
 * and means nothing); only an idle shard is polled at the user's pace.
 */
export function pollDelayMs(page: PollOutcome, pollIntervalMs: number): number {
  if (page.records > 0) return 0;
  return page.millisBehindLatest > 0 ? MIN_POLL_INTERVAL_MS : pollIntervalMs;
}

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
