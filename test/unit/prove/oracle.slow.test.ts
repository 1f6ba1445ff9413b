import fc from 'fast-check';
import { checkRun } from '../../../dev/prove/oracle';
import type { Report } from '../../../dev/prove/oracle-report';
import { busyPlans, plans } from './simulated-plans';
import { simulateRun } from './simulated-run';
import type { Plan } from './simulated-world';

async function judge(plan: Plan, withClaims = true): Promise<Report> {
  const entries = simulateRun(plan).entries.filter(({ kind }) => withClaims || kind !== 'claimed');
  return checkRun(entries, { maxBatchRecords: plan.maxBatchRecords });
}

describe('the oracle on correct runs', () => {
  it('are hard ones: records are handled three times, zombies are fenced, most runs repeat records', async () => {
    const reports = await Promise.all(fc.sample(busyPlans, { seed: 1, numRuns: 50 }).map((plan) => judge(plan)));
    const countOf = (isSo: (report: Report) => boolean): number => reports.filter(isSo).length;
    expect(countOf(({ duplicates }) => duplicates > 0)).toBeGreaterThan(25);
    expect(countOf(({ commitsRefused }) => commitsRefused > 0)).toBeGreaterThan(10);
    expect(countOf(({ maxHandlings }) => maxHandlings >= 3)).toBeGreaterThan(5);
  });

  it('finds no violation, whatever the faults', async () => {
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const { violations, lost, orderInversions } = await judge(plan);
        expect({ violations, lost, orderInversions }).toEqual({ violations: [], lost: 0, orderInversions: 0 });
      }),
      { numRuns: 300 },
    );
  });

  it('finds no violation when claims are not journalled', async () => {
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        expect((await judge(plan, false)).violations).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});
