import { Violations } from '../common/violations';
import { checkCosts, type CostOptions } from './check-costs';
import { checkLetters } from './check-letters';
import { checkRecords, type RecordTotals } from './check-records';
import type { PoisonEvidence } from './evidence';
import type { PoisonInvariant, PoisonReport } from './report';
import { collectShards } from './shard-facts';
import { collectWorkers } from './workers-facts';

/** Judges a poison run from what its processes wrote down and what was found afterwards. Pure. */
export function judgePoison(evidence: PoisonEvidence, options: CostOptions): PoisonReport {
  const violations = new Violations<PoisonInvariant>();
  const shards = collectShards(evidence, violations);
  const workers = collectWorkers(evidence.lines);
  const totals: RecordTotals[] = shards.map((facts) => checkRecords(evidence, facts, violations));
  const costs = shards.flatMap((facts) => checkCosts(evidence, facts, { ...options, workers }, violations));
  checkLetters(evidence, options.isolation, violations);
  for (const where of evidence.leaks)
    violations.add({ invariant: 'LEAKS', ids: [where], message: `record data was found in ${where}` });
  const sum = (name: keyof RecordTotals): number => totals.reduce((total, each) => total + each[name], 0);
  return {
    ...violations.list(),
    records: evidence.plan.records,
    poisons: evidence.plan.poisons.size,
    letters: evidence.letters.length,
    handled: sum('handled'),
    lost: violations.count('LOST'),
    orderInversions: violations.count('ORDER'),
    duplicates: sum('duplicates'),
    processDeaths: workers.deaths.length,
    commits: shards.reduce((total, { commits }) => total + commits.length, 0),
    leaks: violations.count('LEAKS'),
    costs,
  };
}
