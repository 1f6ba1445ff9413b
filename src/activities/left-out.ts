import { comparePositions, type Position } from '../core/positions';

/** User records of other shards that were read and left out, until the checkpoint has passed them: then they count. */
export class LeftOut {
  private entries: { readonly behind: Position; readonly count: number }[] = [];

  note(sequenceNumber: string, count: number): void {
    this.entries.push({ behind: { at: 'AFTER', sequenceNumber }, count });
  }

  /** How many a checkpoint at this position has passed. */
  upTo(position: Position): number {
    return this.entries
      .filter(({ behind }) => comparePositions(behind, position) <= 0)
      .reduce((sum, { count }) => sum + count, 0);
  }

  forgetUpTo(position: Position): void {
    this.entries = this.entries.filter(({ behind }) => comparePositions(behind, position) > 0);
  }
}
