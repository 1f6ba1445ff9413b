import { Violations } from '../common/violations';
import { checkCosts, type CostWorld } from './check-costs';
import { checkLetters } from './check-letters';
import { checkRecords, type RecordTotals } from './check-records';
import type { PoisonEvidence } from './evidence';
import type { PoisonInvariant, PoisonReport } from './report';
import { collectShards } from './shard-facts';

/** Judges a poison run from what its processes wrote down and what was found afterwards. Pure. */
export function judgePoison(evidence: PoisonEvidence, world: CostWorld): PoisonReport {
  const violations = new Violations<PoisonInvariant>();
  const shards = collectShards(evidence, violations);
  const totals: RecordTotals[] = shards.map((facts) => checkRecords(evidence, facts, violations));
  const costs = shards.flatMap((facts) => checkCosts(evidence, facts, world, violations));
  checkLetters(evidence, world.isolation, violations);
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
    processDeaths: evidence.lines.filter(({ kind }) => kind === 'died').length,
    commits: shards.reduce((total, { commits }) => total + commits.length, 0),
    leaks: violations.count('LEAKS'),
    costs,
  };
}
