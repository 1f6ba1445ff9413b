import fc from 'fast-check';
import { checkRun } from '../../../dev/prove/oracle';
import type { InvariantId } from '../../../dev/prove/oracle-report';
import { EFFECT_BUGS } from './effect-bugs';
import { POSITION_BUGS } from './position-bugs';
import { busyPlans } from './simulated-plans';
import { simulateRun } from './simulated-run';
import type { Bug, Plan } from './simulated-world';

const BUGS: readonly Bug[] = [...EFFECT_BUGS, ...POSITION_BUGS];
const RUNS_PER_BUG = 15;

async function brokenInvariants(plan: Plan): Promise<InvariantId[] | undefined> {
  const { entries, planted } = simulateRun(plan);
  if (planted === 0) return undefined;
  const report = await checkRun(entries, { maxBatchRecords: plan.maxBatchRecords });
  return Object.keys(report.violationCounts) as InvariantId[];
}

async function expectCaught(bug: Bug, plan: Plan): Promise<void> {
  const broken = await brokenInvariants({ ...plan, bug });
  fc.pre(broken !== undefined);
  expect(broken).toContain(bug.invariant);
  expect([bug.invariant, ...bug.alongside]).toEqual(expect.arrayContaining(broken ?? []));
}

describe('the oracle on planted bugs', () => {
  it.each(BUGS.map((bug) => [bug.invariant, bug.name, bug] as const))('%s: %s', async (_invariant, _name, bug) => {
    const property = fc.asyncProperty(busyPlans, (plan) => expectCaught(bug, plan));
    await fc.assert(property, { numRuns: RUNS_PER_BUG, maxSkipsPerRun: 100 });
  });

  it('plants at least one bug for each invariant of the consumer', () => {
    const covered = new Set(BUGS.map(({ invariant }) => invariant));
    expect([...covered].sort()).toEqual(['I0', 'I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I8', 'I9']);
  });
});
