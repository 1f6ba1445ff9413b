import Table from 'cli-table3';
import { factsTable, PLAIN, seconds } from '../common/facts-table';
import { percentile } from '../common/percentile';
import type { PoisonCost, PoisonReport } from './report';

export interface PoisonFacts {
  readonly seed: number;
  readonly shards: number;
  readonly isolation: string;
}

export function poisonTable(report: PoisonReport, { seed, shards, isolation }: PoisonFacts, elapsedMs: number): string {
  const { records, poisons, letters, handled, costs } = report;
  const { extraCalls, blockedMs } = figuresOf(costs);
  const facts = factsTable({
    records: `${records} in ${shards} shards, ${poisons} of them poison, handler ${isolation}`,
    'dead letters': letters,
    'others handled': `${handled} of ${records - poisons}, ${report.lost} lost`,
    'order inversions': report.orderInversions,
    duplicates: report.duplicates,
    'extra handler calls per poison': `mean ${extraCalls.mean.toFixed(1)}, most ${extraCalls.max}`,
    'shard blocked by a poison': `p50 ${seconds(blockedMs.p50)}, p99 ${seconds(blockedMs.p99)}, most ${seconds(blockedMs.max)}`,
    'deaths of workers': report.processDeaths,
    commits: report.commits,
    'leaks of record data': report.leaks,
    time: `${seconds(elapsedMs)}, ${Math.round((records * 1_000) / elapsedMs)} records/s`,
    seed,
  });
  return `${facts}\n${kindTable(costs)}`;
}

function kindTable(costs: readonly PoisonCost[]): string {
  const table = new Table({
    head: ['kind', 'poisons', 'extra calls, mean', 'most', 'allowed', 'blocked, p50', 'most', 'allowed'],
    style: PLAIN,
  });
  for (const [kind, ofKind] of byKind(costs)) {
    const { extraCalls, blockedMs } = figuresOf(ofKind);
    table.push([
      kind,
      ofKind.length,
      extraCalls.mean.toFixed(1),
      extraCalls.max,
      extraCalls.allowed,
      seconds(blockedMs.p50),
      seconds(blockedMs.max),
      seconds(blockedMs.allowed),
    ]);
  }
  return table.toString();
}

/** The last line of `--json`. */
export function poisonJson(report: PoisonReport, { seed, shards, isolation }: PoisonFacts, elapsedMs: number): object {
  const { records, poisons, letters, handled, lost, orderInversions, duplicates, processDeaths, leaks, costs } = report;
  return {
    records,
    shards,
    poisons,
    isolation,
    letters,
    handled,
    lost,
    orderInversions,
    duplicates,
    ...rounded(costs),
    processDeaths,
    leaks,
    kinds: Object.fromEntries(
      [...byKind(costs)].map(([kind, ofKind]) => [kind, { poisons: ofKind.length, ...rounded(ofKind) }]),
    ),
    violations: report.violationCounts,
    elapsedMs: Math.round(elapsedMs),
    seed,
  };
}

function rounded(costs: readonly PoisonCost[]): object {
  const { extraCalls, blockedMs } = figuresOf(costs);
  return {
    extraCallsMean: Number(extraCalls.mean.toFixed(2)),
    extraCallsMax: extraCalls.max,
    blockedMsP50: Math.round(blockedMs.p50),
    blockedMsP99: Math.round(blockedMs.p99),
    blockedMsMax: Math.round(blockedMs.max),
    allowedMsMax: Math.round(blockedMs.allowed),
  };
}

function byKind(costs: readonly PoisonCost[]): Map<string, PoisonCost[]> {
  const kinds = new Map<string, PoisonCost[]>();
  for (const cost of costs) kinds.set(cost.kind, [...(kinds.get(cost.kind) ?? []), cost]);
  return kinds;
}

function figuresOf(costs: readonly PoisonCost[]) {
  const extra = costs.map(({ extraCalls }) => extraCalls);
  const blocked = costs.map(({ blockedMs }) => blockedMs).sort((a, b) => a - b);
  const most = (values: readonly number[]): number => Math.max(0, ...values);
  return {
    extraCalls: {
      mean: extra.reduce((sum, calls) => sum + calls, 0) / Math.max(1, extra.length),
      max: most(extra),
      allowed: most(costs.map(({ allowedCalls }) => allowedCalls)),
    },
    blockedMs: {
      p50: percentile(blocked, 0.5) ?? 0,
      p99: percentile(blocked, 0.99) ?? 0,
      max: most(blocked),
      allowed: most(costs.map(({ allowedMs }) => allowedMs)),
    },
  };
}
