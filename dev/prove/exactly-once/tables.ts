import { factsTable, seconds } from '../common/facts-table';
import type { ExactlyOnceReport } from './judge';

export function exactlyOnceTable(
  report: ExactlyOnceReport,
  { seed }: { readonly seed: number },
  elapsedMs: number,
): string {
  const { records, kills, claims, fenced, deaths, sinks } = report;
  const rows: Record<string, string | number> = {
    'records put': records,
    'kills -9': kills,
    claims: `${claims}; claims and commits refused: ${fenced}`,
    'workers that ended by themselves': deaths,
  };
  for (const { name, records: found, missing, surplus, repeats, refused } of sinks) {
    const kind = name.split('/').at(-1);
    rows[`sink ${kind}`] = `${found} records counted, ${missing} missing, ${surplus} too many`;
    const known = kind === 'plain' ? `, ${refused} of them refused by the sink` : '';
    rows[`given again to ${kind}`] = `${repeats}${known}`;
  }
  return factsTable({
    ...rows,
    time: `${seconds(elapsedMs)}, ${Math.round((records * 1_000) / elapsedMs)} records/s`,
    seed,
  });
}

/** The last line of `--json`. */
export function exactlyOnceJson(
  report: ExactlyOnceReport,
  { seed }: { readonly seed: number },
  elapsedMs: number,
): object {
  const { records, kills, claims, fenced, deaths, sinks, violationCounts } = report;
  const bySink = sinks.map(({ name, ...figures }) => [name.split('/').at(-1), figures]);
  return {
    records,
    kills,
    claims,
    fenced,
    deaths,
    sinks: Object.fromEntries(bySink) as object,
    violations: violationCounts,
    elapsedMs: Math.round(elapsedMs),
    seed,
  };
}
