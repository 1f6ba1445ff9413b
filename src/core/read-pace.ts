import type { ReadBudget } from './read-budget';

export interface PaceOptions {
  /** Most records that a page can hold. */
  readonly limit: number;
  /** Between the starts of two polls at the tip while records come, milliseconds. */
  readonly pollIntervalMs: number;
  /** The same once none have come for a while, milliseconds. */
  readonly idlePollIntervalMs: number;
  readonly budget?: ReadBudget;
}

/** When the next call may be made, and what that depends on. Times are milliseconds of one clock that never goes back. */
export interface ReadPace {
  readonly nextCallAtMs: number;
  /** Until then the bytes read so far are being paid off. */
  readonly paidOffAtMs: number;
  readonly lastRecordsAtMs: number;
  /** Shortest interval that other readers of the shard leave us; 0 while they do not throttle us. */
  readonly crowdedIntervalMs: number;
}

export interface PageRead {
  readonly calledAtMs: number;
  readonly nowMs: number;
  readonly records: number;
  readonly bytes: number;
  readonly millisBehindLatest: number;
}

/** An empty page behind the tip is normal, and the next one comes this soon: 5 calls a second is AWS's limit. */
const EMPTY_PAGE_INTERVAL_MS = 200;
/** Silence counts as idleness by and by: after 2 s the interval begins to grow, after 8 s it has reached 1 s. */
const IDLE_SHARE = 1 / 8;
const CROWDED_MIN_MS = 250;
const CROWDED_MAX_MS = 5_000;
const CROWDED_DECAY = 0.9;

/**
 * A process that reads many shards takes a new one for idle from the beginning, the more so the more it reads: a thousand that are opened at once,
 * each polled as if records were about to come, would hold up each other's start. Records end that at once.
 */
const SILENCE_PER_SHARD_MS = 10;

/** @param others how many other shards this process reads */
export function initialPace(nowMs: number, others = 0): ReadPace {
  const lastRecordsAtMs = nowMs - others * SILENCE_PER_SHARD_MS;
  return { nextCallAtMs: nowMs, paidOffAtMs: nowMs, lastRecordsAtMs, crowdedIntervalMs: 0 };
}

export function waitMs({ nextCallAtMs }: ReadPace, nowMs: number): number {
  return Math.max(0, nextCallAtMs - nowMs);
}

/**
 * After a page. Behind the tip, records call for the next page at once; so does a full page, because some endpoints always say that there is
 * no lag. At the tip polls follow each other at the user's interval, slower while nothing comes: asking more often would only spend
 * reads that others need. The budget holds in any case.
 */
export function paceAfterPage(pace: ReadPace, page: PageRead, options: PaceOptions): ReadPace {
  const { calledAtMs, nowMs, records, bytes } = page;
  const { budget } = options;
  const lastRecordsAtMs = records > 0 ? nowMs : pace.lastRecordsAtMs;
  const crowdedIntervalMs = easedOff(pace.crowdedIntervalMs);
  const wantedMs = wantedInterval(page, options, nowMs - lastRecordsAtMs);
  const allowedMs = budget ? 1_000 / budget.callsPerSecond : 0;
  const paidOffAtMs = budget ? Math.max(pace.paidOffAtMs, nowMs) + (bytes / budget.bytesPerSecond) * 1_000 : nowMs;
  const nextCallAtMs = Math.max(calledAtMs + Math.max(wantedMs, allowedMs, crowdedIntervalMs), paidOffAtMs);
  return { nextCallAtMs, paidOffAtMs, lastRecordsAtMs, crowdedIntervalMs };
}

/** After a call that failed, for which a back-off was drawn. A throttled one counts against the shard's calls, and says that others read it, too. */
export function paceAfterFailure(
  pace: ReadPace,
  { nowMs, backoffMs, isThrottled }: { nowMs: number; backoffMs: number; isThrottled: boolean },
): ReadPace {
  const crowdedIntervalMs = isThrottled
    ? Math.min(CROWDED_MAX_MS, Math.max(CROWDED_MIN_MS, pace.crowdedIntervalMs * 2))
    : pace.crowdedIntervalMs;
  return { ...pace, crowdedIntervalMs, nextCallAtMs: Math.max(nowMs + backoffMs, pace.paidOffAtMs) };
}

function wantedInterval(page: PageRead, options: PaceOptions, silenceMs: number): number {
  const { pollIntervalMs, idlePollIntervalMs, limit } = options;
  if (page.records >= limit) return 0;
  if (page.millisBehindLatest > 0) return page.records > 0 ? 0 : Math.min(EMPTY_PAGE_INTERVAL_MS, pollIntervalMs);
  return Math.max(pollIntervalMs, Math.min(idlePollIntervalMs, silenceMs * IDLE_SHARE));
}

/** Others may have gone: with each answer we ask a little sooner again. */
function easedOff(crowdedIntervalMs: number): number {
  const eased = crowdedIntervalMs * CROWDED_DECAY;
  return eased < CROWDED_MIN_MS / 2 ? 0 : eased;
}
