import { factsTable, milliseconds } from '../common/facts-table';
import type { Report } from '../oracle-report';

export function reportTable(report: Report, seed: number, elapsedMs: number): string {
  return factsTable({
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
  });
}

/** The last line of `--json`. */
export function reportJson(report: Report, seed: number): object {
  const { records, handled, lost, orderInversions, duplicates, duplicatesPerKill, kills, commitsRefused } = report;
  return {
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
  };
}

function whole(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms);
}
