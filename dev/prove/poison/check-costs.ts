import { includes } from '../common/ranges';
import { boundsOf, kills, type Isolation, type MachineTimes, type PolicyTimes } from './bounds';
import type { PoisonEvidence } from './evidence';
import type { Poison } from './plan';
import type { PoisonCost, Violations } from './report';
import type { ShardFacts } from './shard-facts';

export interface CostWorld {
  readonly isolation: Isolation;
  readonly policy: PolicyTimes;
  readonly machine: MachineTimes;
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
    const cost = costOf(poison, poison.number + evidence.firstOrdinal, facts, world);
    if (cost === undefined) addUnsettled(poison, facts, violations);
    else costs.push(checked(cost, facts, violations));
  }
  return costs;
}

/** Undefined if the checkpoint never came past it. */
function costOf(
  { number, kind }: Poison,
  ordinal: number,
  { calls, commits, losses }: ShardFacts,
  { isolation, policy, machine }: CostWorld,
): PoisonCost | undefined {
  const end = commits.find(({ to }) => to >= ordinal)?.t;
  if (end === undefined) return undefined;
  const before = commits.findLast(({ t }) => t < end)?.t;
  const start = calls.find(({ records }) => includes(records, ordinal))?.t ?? before ?? end;
  const during = calls.filter(({ t }) => t >= start && t < end);
  const lost = losses.filter(({ t }) => t >= start && t <= end);
  const own = kills(kind, isolation)
    ? lost.filter(({ t, worker }) =>
        calls.some(
          (call) => call.worker === worker && call.t < t && call.t >= start && includes(call.records, ordinal),
        ),
      )
    : [];
  const foreignDeaths = lost.length - own.length;
  const allowed = boundsOf({ kind, isolation, foreignDeaths }, policy, machine);
  return {
    number,
    kind,
    extraCalls: Math.max(0, during.length - 1),
    allowedCalls: allowed.calls - 1,
    blockedMs: (end - start) / 1_000,
    allowedMs: allowed.blockedMs,
  };
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
