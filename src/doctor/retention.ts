import type { CheckpointRow } from '../core/checkpoint';
import { ok, warning, wrong, type Finding } from './finding';

export interface ShardRow {
  readonly shardId: string;
  readonly row?: CheckpointRow;
}

const WARNING_SHARE = 0.5;
const WRONG_SHARE = 0.8;

/** How much of retention the shard that is furthest behind has used. An idle shard was caught up a short while ago: it is not behind. */
export function judgeRetention(rows: readonly ShardRow[], retentionMs: number, nowMs: number): Finding {
  const hours = `retention is ${hoursOf(retentionMs)}`;
  const ages = rows.flatMap(({ shardId, row }) => {
    if (row === undefined || row.position.at === 'SHARD_END') return [];
    const sinceMs = Math.max(row.lastArrivalMs ?? 0, row.caughtUpAtMs ?? 0) || row.committedAtMs;
    return [{ shardId, ageMs: Math.max(0, nowMs - sinceMs) }];
  });
  const [oldest] = ages.toSorted((a, b) => b.ageMs - a.ageMs);
  if (oldest === undefined) return ok(`no checkpoint yet; ${hours}`);
  const share = oldest.ageMs / retentionMs;
  const what = `${oldest.shardId} is ${hoursOf(oldest.ageMs)} behind, ${Math.round(share * 100)} % of retention; ${hours}`;
  if (share > 1) return wrong(what, 'Records may be lost already. Start workers, and look at `npx tidemark status`.');
  if (share > WRONG_SHARE) return wrong(what, 'Raise the retention of the stream now, then find out why it is behind.');
  if (share > WARNING_SHARE) return warning(what, 'Find out why it is behind, or raise the retention of the stream.');
  return ok(what);
}

function hoursOf(ms: number): string {
  return ms < 3_600_000 ? `${Math.round(ms / 60_000)} min` : `${(ms / 3_600_000).toFixed(1)} h`;
}
