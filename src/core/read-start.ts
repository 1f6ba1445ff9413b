import type { Position } from './positions';

/** How a shard iterator is asked for. */
export type IteratorStart =
  | { readonly type: 'TRIM_HORIZON' }
  | { readonly type: 'AT_TIMESTAMP'; readonly timestampMs: number }
  | { readonly type: 'AT_SEQUENCE_NUMBER'; readonly sequenceNumber: string }
  | { readonly type: 'AFTER_SEQUENCE_NUMBER'; readonly sequenceNumber: string };

/** Records that retention took before they were read. Times are epoch milliseconds. */
export interface DataLoss {
  readonly fromMs: number;
  readonly toMs: number;
  readonly cause: 'retention';
}

export interface ReadStart {
  readonly iterator: IteratorStart;
  readonly loss?: DataLoss;
}

export interface ReadStartInput {
  readonly position: Position;
  readonly lastArrivalMs?: number;
  readonly caughtUpAtMs?: number;
  readonly nowMs: number;
  readonly retentionMs: number;
}

/** Clocks differ and retention is enforced lazily: every comparison with the edge of retention leaves this much room. */
const RETENTION_MARGIN_MS = 60_000;

/**
 * Where reading starts for a committed position.
 *
 * A sequence number older than retention cannot be trusted: Kinesis is reported to answer with empty pages for ever, or to jump to
 * the oldest record without a word. If the shard was caught up since, nothing was lost and reading resumes at that time; otherwise
 * reading goes to the trim horizon and the window that may be lost is named.
 */
export function planReadStart({
  position,
  lastArrivalMs,
  caughtUpAtMs,
  nowMs,
  retentionMs,
}: ReadStartInput): ReadStart {
  if (position.at === 'SHARD_END' || position.at === 'TRIM_HORIZON') return { iterator: { type: 'TRIM_HORIZON' } };
  if (position.at === 'AT_TIMESTAMP') return { iterator: { type: 'AT_TIMESTAMP', timestampMs: position.timestampMs } };
  // An aggregate of which only a part is committed is read again; its committed records are for the reader to leave out.
  const isWhole = position.at === 'AFTER' && position.subSequenceNumber === undefined;
  const type = isWhole ? 'AFTER_SEQUENCE_NUMBER' : 'AT_SEQUENCE_NUMBER';
  const after: ReadStart = { iterator: { type, sequenceNumber: position.sequenceNumber } };
  const horizonMs = nowMs - retentionMs - RETENTION_MARGIN_MS;
  if (lastArrivalMs === undefined || lastArrivalMs >= horizonMs) return after;
  if (caughtUpAtMs !== undefined && caughtUpAtMs >= horizonMs) {
    return { iterator: { type: 'AT_TIMESTAMP', timestampMs: caughtUpAtMs - RETENTION_MARGIN_MS } };
  }
  const fromMs = Math.max(lastArrivalMs, caughtUpAtMs ?? 0);
  return { iterator: { type: 'TRIM_HORIZON' }, loss: { fromMs, toMs: nowMs - retentionMs, cause: 'retention' } };
}
