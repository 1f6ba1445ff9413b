import type { CheckpointWrite } from '../../../src/checkpoints/checkpoint-store';
import type { CheckpointRow } from '../../../src/core/checkpoint';
import { comparePositions } from '../../../src/core/positions';
import { variant } from './variant-committer';

/** A refused write counts as one's own when the row has the same writer and position. */
export function hasMyIds(row: CheckpointRow | undefined, { writer, next }: CheckpointWrite): boolean {
  if (row === undefined || comparePositions(row.position, next.position) !== 0) return false;
  const { runId, activityId, attempt } = row.writer;
  return runId === writer.runId && activityId === writer.activityId && attempt === writer.attempt;
}

/** Hole C2: Temporal's ids, not the minted token, say whose write a row is. */
export const idsAsOwnership = variant('takes ids for ownership', { isOwnWrite: hasMyIds });
