import { factsTable, seconds } from '../common/facts-table';
import type { LostReplyReport } from './judge';

export function lostRepliesTable(
  report: LostReplyReport,
  { seed }: { readonly seed: number },
  elapsedMs: number,
): string {
  const { records, missing, surplus, poisons, letters, dropped, commits, fenced, falseFences } = report;
  return factsTable({
    'effects counted': `${records} records, ${missing} missing, ${surplus} too many`,
    'replies dropped': Object.entries(dropped)
      .map(([operation, count]) => `${operation} ${count}`)
      .join(', '),
    commits: `${commits}; claims and commits refused: ${fenced}, of them without another writer: ${falseFences}`,
    'dead letters': `${letters} of ${poisons} records that cannot be handled`,
    'longest standstill of a shard': seconds(report.longestStandstillMs),
    'leaks of record data': report.leaks,
    time: seconds(elapsedMs),
    seed,
  });
}

/** The last line of `--json`. */
export function lostRepliesJson(
  report: LostReplyReport,
  { seed }: { readonly seed: number },
  elapsedMs: number,
): object {
  const { violations: _listed, violationCounts: violations, ok: _ok, longestStandstillMs, ...figures } = report;
  return {
    ...figures,
    longestStandstillMs: Math.round(longestStandstillMs),
    violations,
    elapsedMs: Math.round(elapsedMs),
    seed,
  };
}
