import { variant } from './variant-committer';

/** Hole C3: a claim takes the row over whatever stands there by then. */
export const unconditionalTakeOver = variant('takes over unconditionally', { takesOverUnconditionally: true });
