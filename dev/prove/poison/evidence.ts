import type { LetterFacts } from '../common/letters';
import type { Line } from '../common/lines';
import { includes, type Ranges } from '../common/ranges';
import type { Poison, PoisonPlan } from './plan';

/** Everything that the judge looks at. */
export interface PoisonEvidence {
  readonly plan: PoisonPlan;
  /** Shards by their number in the plan. */
  readonly shardIds: readonly string[];
  /** Ordinal of record 0. */
  readonly firstOrdinal: number;
  /** SHA-256 of each poison's payload, by number. */
  readonly digests: ReadonlyMap<number, string>;
  /** In the order of time. */
  readonly lines: readonly Line[];
  readonly letters: readonly LetterFacts[];
  /** Places where record data was found. */
  readonly leaks: readonly string[];
}

export function numberOfOrdinal({ firstOrdinal }: Pick<PoisonEvidence, 'firstOrdinal'>, ordinal: number): number {
  return ordinal - firstOrdinal;
}

/** The poisons among records of a shard. */
export function poisonsIn(
  { plan, firstOrdinal }: PoisonEvidence,
  { shard }: { readonly shard: number },
  records: Ranges,
): Poison[] {
  const ofShard = [...plan.poisons.values()].filter((poison) => poison.shard === shard);
  return ofShard.filter(({ number }) => includes(records, number + firstOrdinal));
}
