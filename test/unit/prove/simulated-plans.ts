import fc from 'fast-check';
import type { Plan } from './simulated-world';

/** Plans of runs with faults and reshards; the seed decides what happens within one. */
export const plans: fc.Arbitrary<Plan> = fc.record({
  seed: fc.nat(),
  shards: fc.integer({ min: 1, max: 3 }),
  keys: fc.integer({ min: 1, max: 8 }),
  records: fc.integer({ min: 20, max: 150 }),
  workers: fc.integer({ min: 2, max: 4 }),
  kills: fc.integer({ min: 0, max: 12 }),
  reshards: fc.integer({ min: 0, max: 4 }),
  maxBatchRecords: fc.integer({ min: 1, max: 8 }),
});

/** Plans with enough of everything that a planted bug finds its opportunity. */
export const busyPlans: fc.Arbitrary<Plan> = fc.record({
  seed: fc.nat(),
  shards: fc.integer({ min: 1, max: 3 }),
  keys: fc.integer({ min: 2, max: 8 }),
  records: fc.integer({ min: 60, max: 150 }),
  workers: fc.integer({ min: 2, max: 4 }),
  kills: fc.integer({ min: 6, max: 20 }),
  reshards: fc.integer({ min: 1, max: 5 }),
  maxBatchRecords: fc.integer({ min: 2, max: 8 }),
});
