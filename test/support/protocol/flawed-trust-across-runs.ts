import { variant } from './variant-committer';

/** Hole C9: a token is trusted whatever run it was obtained in. */
export const trustAcrossRuns = variant('trusts a token of another run', {
  trusts: (belief, _, attempt) => attempt === 1 && !belief.needClaim && belief.token !== undefined,
});
