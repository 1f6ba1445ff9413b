/** How near a shard is to losing records: pure. Times are epoch milliseconds. */

/** As an execution saw it. */
export interface RetentionView {
  readonly atMs: number;
  readonly retentionMs: number;
  /** From this share of retention on a shard is at risk, percent. */
  readonly warnPercent: number;
  /** All that arrived before was handled. */
  readonly safeSinceMs: number;
  readonly isAtRisk: boolean;
}

/** A shard comes to be at risk, or is no longer. */
export interface RiskStep {
  readonly kind: 'atRisk' | 'outOfRisk';
  readonly atMs: number;
  readonly usedPercent: number;
  /** Until the first record is lost, milliseconds; 0 where it may be already. */
  readonly leftMs: number;
}

/** What is used of retention, for people: whole percents. */
export interface RetentionUse {
  readonly usedPercent: number;
  readonly leftMs: number;
  readonly isAtRisk: boolean;
}

/** A shard that was at risk is so until it is this share below the border: at the border itself one event is enough. */
const HYSTERESIS = 0.9;

export type RetentionReading = Pick<RetentionView, 'retentionMs' | 'warnPercent' | 'safeSinceMs'>;

export function retentionUse(
  { retentionMs, warnPercent, safeSinceMs }: RetentionReading,
  nowMs: number,
  wasAtRisk = false,
): RetentionUse {
  const used = Math.max(0, nowMs - safeSinceMs) / retentionMs;
  const border = (warnPercent / 100) * (wasAtRisk ? HYSTERESIS : 1);
  const leftMs = Math.max(0, safeSinceMs + retentionMs - nowMs);
  return { usedPercent: Math.floor(used * 100), leftMs, isAtRisk: used >= border };
}

/** What an execution sees, and the event of the shard where it crosses the border. */
export function watchRetention(
  reading: RetentionReading,
  nowMs: number,
  wasAtRisk: boolean,
): { readonly view: RetentionView; readonly step?: RiskStep } {
  const { isAtRisk, usedPercent, leftMs } = retentionUse(reading, nowMs, wasAtRisk);
  const view = { ...reading, atMs: nowMs, isAtRisk };
  if (isAtRisk === wasAtRisk) return { view };
  return { view, step: { kind: isAtRisk ? 'atRisk' : 'outOfRisk', atMs: nowMs, usedPercent, leftMs } };
}

/** What was seen, with what is known since: of a later commit, or a later look at the tip. */
export function useSince(
  view: RetentionView,
  { lastArrivalMs = 0, caughtUpAtMs = 0 }: { readonly lastArrivalMs?: number; readonly caughtUpAtMs?: number },
  nowMs: number,
): RetentionUse {
  const safeSinceMs = Math.max(view.safeSinceMs, lastArrivalMs, caughtUpAtMs);
  return retentionUse({ ...view, safeSinceMs }, nowMs, view.isAtRisk);
}
