import { factsTable, milliseconds, seconds } from '../common/facts-table';
import { POINT_IN_TIME } from './losses';
import type { DrillReport } from './report';

export function drillTable(report: DrillReport, { seed }: { readonly seed: number }, elapsedMs: number): string {
  const { records, lost, duplicates, maxHandlings, kills, rounds, sources } = report;
  const rows: Record<string, string | number> = {
    'records put': records,
    lost,
    duplicates: `${duplicates}, one record at most ${maxHandlings} times`,
    'kills -9': kills,
    rounds,
  };
  for (const { source, rounds: own, maxRestoreMs, maxRecoverMs, again } of sources) {
    const times = `restored in ${milliseconds(maxRestoreMs)}, recovered in ${milliseconds(maxRecoverMs)} at most`;
    rows[`from ${source}`] = `${own} rounds, ${times}; ${again} records handled again`;
  }
  return factsTable({ ...rows, 'from pointInTime': POINT_IN_TIME, time: seconds(elapsedMs), seed });
}

/** The last line of `--json`. */
export function drillJson(report: DrillReport, { seed }: { readonly seed: number }, elapsedMs: number): object {
  const { records, lost, duplicates, maxHandlings, kills, rounds, sources, violationCounts } = report;
  return {
    records,
    lost,
    duplicates,
    maxHandlings,
    kills,
    rounds,
    sources: Object.fromEntries(sources.map(({ source, ...figures }) => [source, figures])) as object,
    pointInTime: POINT_IN_TIME,
    violations: violationCounts,
    elapsedMs: Math.round(elapsedMs),
    seed,
  };
}
