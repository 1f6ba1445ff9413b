import type { ShardFacts } from './oracle-facts';

/** Above any generation, which are epoch milliseconds; many ages fit a whole number. */
const GENERATIONS_OF_AN_AGE = 1e13;

/**
 * What is written again after a loss may stand before what was committed, as after a rewind. A write that follows a known token belongs to
 * the age of that token's write, however late it was noted; any other one after a loss begins the new age.
 */
export function raiseGenerations({ writes }: ShardFacts, losses: readonly number[]): void {
  if (losses.length === 0) return;
  const ages = new Map<string, number>();
  for (const write of writes) {
    const known = write.previousToken === null ? undefined : ages.get(write.previousToken);
    const age = known ?? losses.filter((time) => time < write.done).length;
    ages.set(write.token, age);
    write.generation += age * GENERATIONS_OF_AN_AGE;
  }
}
