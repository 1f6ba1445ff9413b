import { hasMyIds } from './flawed-ids-as-ownership';
import { variant } from './variant-committer';

/** Holes C4, C5, C6: the row's revision is the condition, so a row that was deleted or restored repeats what a zombie believes in. */
export const revisionCondition = variant('compares revisions', {
  mint: (_, believed) => String(Number(believed ?? 0) + 1),
  isOwnWrite: hasMyIds,
});
