import type { HistoryEntry } from './history';
import type { ReplaySpan } from './replay-pace';

/**
 * About how many records of a shard arrived within a span, by the history of its checkpoint, oldest entry first. An entry that covers
 * more than the span counts for its part. Undefined where the history does not reach back so far.
 */
export function estimateBetween(entries: readonly HistoryEntry[], { fromMs, toMs }: ReplaySpan): number | undefined {
  const reads = entries.filter(({ kind, lastArrivalMs }) => kind === 'read' && lastArrivalMs !== undefined);
  const [first] = reads;
  if (first === undefined) return undefined;
  const isWhole = first.from.at === 'TRIM_HORIZON' || first.from.at === 'AT_TIMESTAMP';
  // Of the first entry nobody knows when its first record arrived.
  let reachedMs = isWhole ? Math.min(fromMs, first.lastArrivalMs ?? fromMs) : (first.lastArrivalMs ?? fromMs);
  if (reachedMs > fromMs) return undefined;
  let sum = 0;
  for (const { lastArrivalMs = 0, records } of reads) {
    // A rewind: these were counted before.
    if (lastArrivalMs <= reachedMs) continue;
    const overlapMs = Math.min(lastArrivalMs, toMs) - Math.max(reachedMs, fromMs);
    if (overlapMs > 0) sum += (records * overlapMs) / (lastArrivalMs - reachedMs);
    reachedMs = lastArrivalMs;
  }
  return Math.round(sum);
}
