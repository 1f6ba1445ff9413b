/** Kinesis allows 5 GetRecords calls per second and shard, shared by all polling readers (AWS quotas). */
export const MIN_POLL_INTERVAL_MS = 200;

export interface PollOutcome {
  readonly records: number;
  /** Lag that Kinesis reported with the page, milliseconds. */
  readonly millisBehindLatest: number;
  /** Most records that the page could have held. */
  readonly limit: number;
}

/**
 * How long to wait after a page before the next poll, milliseconds.
 * Behind the tip, records call for the next page at once; so does a full page, because some endpoints always say that there is no
 * lag. An empty page behind the tip is normal and means nothing. At the tip the user's pace counts, with or without records: asking
 * again at once would only spend reads that other consumers need.
 */
export function pollDelayMs({ records, millisBehindLatest, limit }: PollOutcome, pollIntervalMs: number): number {
  if (records >= limit) return 0;
  if (millisBehindLatest === 0) return pollIntervalMs;
  return records > 0 ? 0 : Math.min(MIN_POLL_INTERVAL_MS, pollIntervalMs);
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
