import { variant } from './variant-committer';

/** Hole C1: a fenced execution claims again by itself instead of ending. */
export const claimAgain = variant('claims again when fenced', { claimsAgainWhenFenced: true });
