import fc from 'fast-check';
import type { FailurePolicy } from '../../../src/core/failure-policy';
import { defaultFailureOptions } from '../../../src/core/failure-options';
import { PolicyModel, type PolicyRun, type Temper } from './policy-model';

const policies: fc.Arbitrary<FailurePolicy> = fc
  .record({ maxAttempts: fc.integer({ min: 1, max: 6 }), maxDeaths: fc.integer({ min: 1, max: 3 }) })
  .map((limits) => ({ ...defaultFailureOptions, ...limits }));

const tempers: fc.Arbitrary<Temper> = fc.oneof(
  { weight: 12, arbitrary: fc.constant('fine' as const) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 8 }).map((failsFirst) => ({ failsFirst })) },
  fc.constantFrom('poison' as const, 'rejected' as const, 'deadly' as const),
);

const runs = (more: Partial<Record<keyof PolicyRun, fc.Arbitrary<unknown>>> = {}): fc.Arbitrary<PolicyRun> =>
  fc.record({
    policy: policies,
    tempers: fc.array(tempers, { minLength: 1, maxLength: 60 }),
    offers: fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 5 }),
    handler: fc.constantFrom('throws' as const, 'names' as const),
    aggregates: fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 6 }),
    ...more,
  }) as fc.Arbitrary<PolicyRun>;

const RUNS = { numRuns: 500 };

describe('the failure policy, whatever the records do', () => {
  it('comes to an end; commits a record only after success or a dead letter; never runs it again after its commit', () => {
    fc.assert(
      fc.property(runs(), (run) => expect(new PolicyModel(run).play().violations).toEqual([])),
      RUNS,
    );
  });

  it('does so also where executions die between the handler and the commit', () => {
    const crashes = fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 8 }).map((steps) => new Set(steps));
    fc.assert(
      fc.property(runs({ crashes }), (run) => expect(new PolicyModel(run).play().violations).toEqual([])),
      RUNS,
    );
  });

  it('sets aside every record that can never succeed', () => {
    fc.assert(
      fc.property(runs(), (run) => {
        const { letters } = new PolicyModel(run).play();
        const hopeless = [...run.tempers.entries()].filter(
          ([, temper]) => typeof temper === 'string' && temper !== 'fine',
        );
        expect(hopeless.every(([index]) => letters.has(index))).toBe(true);
      }),
      RUNS,
    );
  });

  it('never sets aside a record that the handler takes', () => {
    fc.assert(
      fc.property(runs(), (run) => {
        const { letters } = new PolicyModel(run).play();
        expect([...letters].filter((index) => run.tempers[index] === 'fine')).toEqual([]);
      }),
      RUNS,
    );
  });

  it('waits out a failure that passes within the attempts, if it is alone', () => {
    const patient = fc
      .tuple(policies, fc.nat(), fc.constantFrom('throws' as const, 'names' as const))
      .chain(([policy, seed, handler]) =>
        fc.integer({ min: 1, max: 60 }).map((count) => {
          const flaky: Temper = { failsFirst: policy.maxAttempts - 1 };
          const place = seed % count;
          return {
            policy,
            handler,
            offers: [64],
            tempers: Array.from({ length: count }, (_, i) => (i === place ? flaky : ('fine' as const))),
          };
        }),
      );
    fc.assert(
      fc.property(patient, (run) => expect(new PolicyModel(run).play().letters.size).toBe(0)),
      RUNS,
    );
  });
});

describe('the search for the culprit', () => {
  const one = (temper: Temper, count: number, place: number): Temper[] =>
    Array.from({ length: count }, (_, index) => (index === place ? temper : 'fine'));
  const sizes = fc.integer({ min: 1, max: 1_000 }).chain((count) => fc.tuple(fc.constant(count), fc.nat(count - 1)));

  it('takes at most log2 of the batch, one run of the culprit alone, and one of what is behind it', () => {
    const policy = { ...defaultFailureOptions, maxAttempts: 3 };
    fc.assert(
      fc.property(sizes, ([count, place]) => {
        const tempers = one('poison', count, place);
        const { runs: total, letters } = new PolicyModel({
          policy,
          tempers,
          offers: [1_000],
          handler: 'throws',
        }).play();
        expect(letters).toEqual(new Set([place]));
        const isLast = place === count - 1;
        expect(total).toBeLessThanOrEqual(3 + Math.ceil(Math.log2(count)) + 1 + (isLast ? 0 : 1));
      }),
      { numRuns: 100 },
    );
  });

  it('runs nothing before the culprit again after a success', () => {
    const policy = { ...defaultFailureOptions, maxAttempts: 1 };
    fc.assert(
      fc.property(sizes, ([count, place]) => {
        const model = new PolicyModel({
          policy,
          tempers: one('poison', count, place),
          offers: [1_000],
          handler: 'throws',
        });
        const { violations } = model.play();
        expect(violations).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it('is not needed where the handler names what failed', () => {
    const policy = { ...defaultFailureOptions, maxAttempts: 4 };
    fc.assert(
      fc.property(sizes, ([count, place]) => {
        const model = new PolicyModel({
          policy,
          tempers: one('poison', count, place),
          offers: [1_000],
          handler: 'names',
        });
        expect(model.play().runs).toBe(4);
        expect(model.runsOf.every((runsOfOne, index) => runsOfOne === (index === place ? 4 : 1))).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});
