/** A reproducible source of choices: the same seed gives the same sequence on every machine. */
export interface Random {
  /** A fraction in [0, 1). */
  next(): number;
  /** A whole number between `min` and `max`, both included. */
  int(min: number, max: number): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  /** One element; throws on an empty list. */
  pick<T>(list: readonly T[]): T;
  /** A copy in random order. */
  shuffle<T>(list: readonly T[]): T[];
}

/** Seeded choices for schedules of faults (mulberry32: small and repeatable, not for secrets). */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  return {
    next,
    int,
    chance: (probability) => next() < probability,
    pick: (list) => pickFrom(list, int),
    shuffle: (list) => shuffled(list, int),
  };
}

function pickFrom<T>(list: readonly T[], int: Random['int']): T {
  if (list.length === 0) throw new RangeError('cannot pick from an empty list');
  return list[int(0, list.length - 1)] as T;
}

function shuffled<T>(list: readonly T[], int: Random['int']): T[] {
  const copy = [...list];
  for (let last = copy.length - 1; last > 0; last--) {
    const other = int(0, last);
    [copy[last], copy[other]] = [copy[other] as T, copy[last] as T];
  }
  return copy;
}
