import fc from 'fast-check';
import { checkRun } from '../../../dev/prove/oracle';
import type { Report } from '../../../dev/prove/oracle-report';
import { plans } from './simulated-plans';
import { simulateRun } from './simulated-run';
import type { Plan } from './simulated-world';

async function judge(plan: Plan, withClaims = true): Promise<Report> {
  const entries = simulateRun(plan).entries.filter(({ kind }) => withClaims || kind !== 'claimed');
  return checkRun(entries, { maxBatchRecords: plan.maxBatchRecords });
}

describe('the oracle on correct runs', () => {
  it('finds no violation, whatever the faults', async () => {
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const { violations, lost, orderInversions } = await judge(plan);
        expect({ violations, lost, orderInversions }).toEqual({ violations: [], lost: 0, orderInversions: 0 });
      }),
      { numRuns: Number(process.env.R ?? 500) },
    );
  });

  it('finds no violation when claims are not journalled', async () => {
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        expect((await judge(plan, false)).violations).toEqual([]);
      }),
      { numRuns: Number(process.env.R ?? 200) },
    );
  });
});
