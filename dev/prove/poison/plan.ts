import { createRandom } from '../random';
import type { PoisonKind, PoisonPayload } from './kinds';

export interface PlanOptions {
  readonly records: number;
  readonly shards: number;
  readonly poisons: number;
  readonly kinds: readonly PoisonKind[];
  readonly seed: number;
}

/** Record `number` of the run stands in shard `number % shards`, at `index` there. */
export interface Poison extends PoisonPayload {
  readonly shard: number;
  readonly index: number;
}

export interface PoisonPlan {
  readonly records: number;
  readonly shards: number;
  /** By number. */
  readonly poisons: ReadonlyMap<number, Poison>;
  /** Largest batch with which no two poisons of a shard stand in one batch. */
  readonly gap: number;
}

export const KEYS_PER_SHARD = 16;

/** Where poison stands: spread evenly over the shards, at a random place in the first half of its share of the shard. */
export function planPoison({ records, shards, poisons, kinds, seed }: PlanOptions): PoisonPlan {
  const random = createRandom(seed);
  const found = new Map<number, Poison>();
  const perShard = Math.ceil(poisons / shards);
  const share = Math.floor(records / shards / Math.max(1, perShard));
  if (share < 2) throw new RangeError(`${records} records in ${shards} shards are too few for ${poisons} poisons`);
  const variants = new Map<PoisonKind, number>();
  for (let at = 0; at < poisons; at += 1) {
    const kind = kinds[at % kinds.length] as PoisonKind;
    const variant = variants.get(kind) ?? 0;
    variants.set(kind, variant + 1);
    const shard = at % shards;
    const index = Math.floor(at / shards) * share + random.int(0, Math.floor(share / 2) - 1);
    const number = index * shards + shard;
    found.set(number, { kind, variant, number, shard, index });
  }
  return { records, shards, poisons: found, gap: Math.max(1, Math.ceil(share / 2)) };
}

/** Partition key of a record, by its number. All records of a key are in one shard. */
export function keyOf(number: number, shards: number): string {
  const shard = number % shards;
  const index = Math.floor(number / shards);
  return `s${shard}-k${(Math.imul(index, 0x9e3779b1) >>> 0) % KEYS_PER_SHARD}`;
}

/** What a good record says. */
export function goodPayload(number: number): string {
  return `{"n":${number}}`;
}
