import Table from 'cli-table3';
import type { ShardReport } from '../../../src';
import { describePosition } from '../../../src/core/positions';
import type { Report } from '../oracle-report';

const PLAIN = { head: [], border: [] };

type Newest = ReadonlyMap<string, { readonly sequenceNumber: string }>;

/** Where each shard stands, and what it should have reached. */
export function shardTable(shards: readonly ShardReport[], newest: Newest): string {
  const table = new Table({
    head: ['shard', 'state', 'position', 'newest put', 'records', 'last error'],
    style: PLAIN,
  });
  for (const { shardId, state, position, records, lastError } of shards) {
    const error = lastError ? `${lastError.code}: ${lastError.message}` : '';
    table.push([
      shardId,
      state,
      position ? describePosition(position) : '',
      newest.get(shardId)?.sequenceNumber ?? '',
      records,
      error,
    ]);
  }
  return table.toString();
}

export function reportTable(report: Report, seed: number, elapsedMs: number): string {
  const table = new Table({ style: PLAIN });
  const rows: Record<string, string | number> = {
    'records put': report.records,
    'records handled': report.handled,
    lost: report.lost,
    'order inversions': report.orderInversions,
    duplicates: `${report.duplicates} (${report.duplicatesPerKill.toFixed(1)} per kill, one record at most ${report.maxHandlings} times)`,
    kills: report.kills,
    commits: `${report.commits}, ${report.commitsRefused} refused`,
    'resume after a kill': `p50 ${milliseconds(report.resumeMsP50)}, p99 ${milliseconds(report.resumeMsP99)}`,
    time: `${(elapsedMs / 1_000).toFixed(1)} s`,
    seed,
  };
  for (const [name, value] of Object.entries(rows)) table.push({ [name]: value });
  return table.toString();
}

export function describeViolations({ violations, violationCounts }: Report): string {
  const counts = Object.entries(violationCounts).map(([invariant, count]) => `${count} of ${invariant}`);
  const lines = violations.map(({ invariant, message }) => `  ${invariant}  ${message}`);
  return [`VIOLATIONS: ${counts.join(', ')}`, ...lines].join('\n');
}

/** The last line of `--json`. */
export function reportJson(report: Report, seed: number): string {
  const { records, handled, lost, orderInversions, duplicates, duplicatesPerKill, kills, commitsRefused } = report;
  return JSON.stringify({
    records,
    handled,
    lost,
    orderInversions,
    duplicates,
    duplicatesPerKill: Number(duplicatesPerKill.toFixed(2)),
    kills,
    commitsRefused,
    resumeMsP50: whole(report.resumeMsP50),
    resumeMsP99: whole(report.resumeMsP99),
    seed,
  });
}

function whole(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms);
}

function milliseconds(ms: number | undefined): string {
  return ms === undefined ? 'unknown' : `${Math.round(ms)} ms`;
}
