import { valuesOf, type Ranges } from '../common/ranges';
import { numberOfOrdinal, poisonsIn, type PoisonEvidence } from './evidence';
import { keyOf } from './plan';
import type { Violations } from './report';
import type { Call, ShardFacts } from './shard-facts';

export interface RecordTotals {
  /** Good records that were handled. */
  readonly handled: number;
  /** Handlings beyond the first of each record. */
  readonly duplicates: number;
}

/** LOST, POISON, ORDER and REPEATS of one shard. */
export function checkRecords(evidence: PoisonEvidence, facts: ShardFacts, violations: Violations): RecordTotals {
  const check = new RecordCheck(evidence, facts, violations);
  checkCalls(evidence, facts, violations);
  for (const { records } of facts.handlings) check.handled(records);
  return check.finish();
}

class RecordCheck {
  private readonly counts: Uint16Array;
  /** The largest index that was handled, by partition key. */
  private readonly furthest = new Map<string, number>();
  private duplicates = 0;

  constructor(
    private readonly evidence: PoisonEvidence,
    private readonly facts: ShardFacts,
    private readonly violations: Violations,
  ) {
    this.counts = new Uint16Array(sizeOf(evidence, facts));
  }

  handled(records: Ranges): void {
    const { plan } = this.evidence;
    for (const ordinal of valuesOf(records, plan.shards)) {
      const number = numberOfOrdinal(this.evidence, ordinal);
      if (number % plan.shards !== this.facts.shard || number < 0 || number >= plan.records) this.stranger(ordinal);
      else if (plan.poisons.has(number)) this.poisonHandled(number);
      else this.count(number);
    }
  }

  finish(): RecordTotals {
    const { plan } = this.evidence;
    let handled = 0;
    for (const [index, count] of this.counts.entries()) {
      const number = index * plan.shards + this.facts.shard;
      if (count > 0) handled += 1;
      else if (!plan.poisons.has(number)) this.add('LOST', number, 'was never handled');
    }
    return { handled, duplicates: this.duplicates };
  }

  private count(number: number): void {
    const { shards } = this.evidence.plan;
    const index = Math.floor(number / shards);
    const before = this.counts[index] ?? 0;
    this.counts[index] = Math.min(before + 1, 0xffff);
    if (before > 0) return void (this.duplicates += 1);
    const key = keyOf(number, shards);
    const furthest = this.furthest.get(key) ?? -1;
    if (index < furthest)
      this.add('ORDER', number, `(key ${key}) was first handled after record ${furthest * shards + this.facts.shard}`);
    else this.furthest.set(key, index);
  }

  private poisonHandled(number: number): void {
    const kind = this.evidence.plan.poisons.get(number)?.kind;
    this.add('POISON', number, `(${kind}) counts as handled`);
  }

  private stranger(ordinal: number): void {
    const { shardId } = this.facts;
    const message = `a record of ordinal ${ordinal} was handled on ${shardId}, where none was put`;
    this.violations.add({ invariant: 'DATA', shardId, ids: [String(ordinal)], message });
  }

  private add(invariant: 'LOST' | 'POISON' | 'ORDER', number: number, what: string): void {
    const { shardId } = this.facts;
    this.violations.add({
      invariant,
      shardId,
      ids: [String(number)],
      message: `record ${number} of ${shardId} ${what}`,
    });
  }
}

/** REPEATS: what reaches the handler again was not committed, and has a reason to come again. */
function checkCalls(evidence: PoisonEvidence, facts: ShardFacts, violations: Violations): void {
  const lastCalls = new Int32Array(sizeOf(evidence, facts)).fill(-1);
  const hadPoison = facts.calls.map(({ records }) => poisonsIn(evidence, facts, records).length > 0);
  const frontier = new Frontier(facts);
  const { shards } = evidence.plan;
  for (const [at, call] of facts.calls.entries()) {
    const covered = frontier.before(call);
    for (const ordinal of valuesOf(call.records, shards)) {
      const number = numberOfOrdinal(evidence, ordinal);
      const index = Math.floor(number / shards);
      const earlier = lastCalls[index] ?? -1;
      lastCalls[index] = at;
      // Its owner has lost the shard since, or it held what made it fail.
      const isExplained = earlier < 0 || facts.calls[earlier]?.fence !== call.fence || hadPoison[earlier];
      if (isExplained && ordinal > covered) continue;
      const how = ordinal > covered ? 'although nothing had failed' : 'after a commit that covers it';
      const message = `record ${number} of ${facts.shardId} reached the handler again ${how} (${call.worker}, fence ${call.fence})`;
      violations.add({ invariant: 'REPEATS', shardId: facts.shardId, ids: [String(number)], message });
    }
  }
}

/** How far commits had covered the shard, as far as the owner of a call must know. A frozen owner may not know of a later one's. */
class Frontier {
  private readonly covered = new Map<number, number>();
  private next = 0;

  constructor(private readonly facts: ShardFacts) {}

  before({ t, fence }: Call): number {
    for (let commit = this.facts.commits[this.next]; commit && commit.t < t; commit = this.facts.commits[this.next]) {
      this.covered.set(commit.fence, Math.max(this.covered.get(commit.fence) ?? 0, commit.to));
      this.next += 1;
    }
    const known = [...this.covered].filter(([owner]) => owner <= fence).map(([, to]) => to);
    return Math.max(-1, ...known);
  }
}

function sizeOf({ plan }: PoisonEvidence, { shard }: ShardFacts): number {
  return Math.ceil((plan.records - shard) / plan.shards);
}
