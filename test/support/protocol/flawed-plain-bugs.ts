import { planClaim } from '../../../src/core/commit-protocol';
import { variant } from './variant-committer';

/** Breaks I2: the checkpoint moves before the records are handled. */
export const commitFirst = variant('commits before handling', { commitsBeforeHandling: true });

/** Breaks I6: the workflow is always right, also when the row is ahead of it. */
export const inputAlwaysWins = variant('writes its belief over a row that is ahead', {
  plan: (belief, row, me) => {
    const plan = planClaim(belief, row, me);
    if (plan.kind !== 'takeOver') return plan;
    return { ...plan, next: { position: belief.position, generation: belief.generation } };
  },
});

/** A commit puts a row where there is none. */
export const commitCreates = variant('creates a row by a commit', { commitMayCreate: true });

/** The claim of an attempt that was overtaken is not told from a timely one. */
export const noStaleCheck = variant('claims although a later attempt has', {
  plan: (belief, row, me) => planClaim(belief, row, { ...me, activitySeq: Number.MAX_SAFE_INTEGER }),
});
