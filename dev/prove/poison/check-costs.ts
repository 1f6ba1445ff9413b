import { includes } from '../common/ranges';
import { boundsOf, kills, type Isolation, type MachineTimes, type PolicyTimes } from './bounds';
import type { PoisonEvidence } from './evidence';
import type { Poison } from './plan';
import type { PoisonCost, Violations } from './report';
import type { Call, ShardFacts } from './shard-facts';
import { outageWithin, type Death, type WorkersFacts } from './workers-facts';

/** What belongs to the run as a whole. */
export interface CostOptions {
  readonly isolation: Isolation;
  readonly policy: PolicyTimes;
  readonly machine: MachineTimes;
}

export interface CostWorld extends CostOptions {
  readonly workers: WorkersFacts;
}

/** CALLS and BLOCKED: what each poison of a shard cost, and whether the policy allows it. */
export function checkCosts(
  evidence: PoisonEvidence,
  facts: ShardFacts,
  world: CostWorld,
  violations: Violations,
): PoisonCost[] {
  const costs: PoisonCost[] = [];
  for (const poison of evidence.plan.poisons.values()) {
    if (poison.shard !== facts.shard) continue;
    const stay = stayOf(poison.number + evidence.firstOrdinal, facts);
    if (stay === undefined) addUnsettled(poison, facts, violations);
    else costs.push(checked(costOf(poison, stay, facts, world), facts, violations));
  }
  return costs;
}

/** From the first call with the record until a commit has covered it. */
interface Stay {
  readonly ordinal: number;
  readonly start: number;
  readonly end: number;
}

/** Undefined if the checkpoint never came past it. */
function stayOf(ordinal: number, { calls, commits }: ShardFacts): Stay | undefined {
  const end = commits.find(({ to }) => to >= ordinal)?.t;
  if (end === undefined) return undefined;
  const before = commits.findLast(({ t }) => t < end)?.t;
  const start = calls.find(({ records }) => includes(records, ordinal))?.t ?? before ?? end;
  return { ordinal, start, end };
}

function costOf(
  { number, kind }: Poison,
  stay: Stay,
  { calls }: ShardFacts,
  { isolation, policy, machine, workers }: CostWorld,
): PoisonCost {
  const { start, end } = stay;
  const during = calls.filter(({ t }) => t >= start && t < end);
  const deaths = workers.deaths.filter(({ t }) => t >= start && t <= end);
  const own = kills(kind, isolation) ? deaths.filter((death) => isOwn(death, stay, during)) : [];
  const foreignDeaths = deaths.length - own.length;
  const allowed = boundsOf({ kind, isolation, foreignDeaths }, policy, machine);
  return {
    number,
    kind,
    extraCalls: Math.max(0, during.length - 1),
    allowedCalls: allowed.calls - 1,
    blockedMs: (end - start - outageWithin(workers, start, end)) / 1_000,
    allowedMs: allowed.blockedMs,
  };
}

/** The worker had the record when it died. */
function isOwn({ t, worker }: Death, { ordinal }: Stay, during: readonly Call[]): boolean {
  return during.some((call) => call.worker === worker && call.t < t && includes(call.records, ordinal));
}

function checked(cost: PoisonCost, { shardId }: ShardFacts, violations: Violations): PoisonCost {
  const { number, kind, extraCalls, allowedCalls, blockedMs, allowedMs } = cost;
  const who = `poison ${number} (${kind}) of ${shardId}`;
  if (extraCalls > allowedCalls) {
    const message = `${who} cost ${extraCalls} more handler calls; its policy allows ${allowedCalls}`;
    violations.add({ invariant: 'CALLS', shardId, ids: [String(number)], message });
  }
  if (blockedMs > allowedMs) {
    const message = `${who} blocked its shard for ${seconds(blockedMs)}; its policy allows ${seconds(allowedMs)}`;
    violations.add({ invariant: 'BLOCKED', shardId, ids: [String(number)], message });
  }
  return cost;
}

function addUnsettled({ number, kind }: Poison, { shardId }: ShardFacts, violations: Violations): void {
  const message = `the checkpoint of ${shardId} never came past poison ${number} (${kind})`;
  violations.add({ invariant: 'BLOCKED', shardId, ids: [String(number)], message });
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
