import type { StoredItem } from '../checkpoints/dynamodb-requests';
import type { DeadLetterCounts } from './dead-letter-store';

/** Counts letters by status and by error code, as their items say it. */
export class LetterCounter {
  private total = 0;
  private readonly byStatus: Record<string, number> = {};
  private readonly byCode: Record<string, number> = {};

  add({ status, errorCode }: StoredItem): void {
    this.total += 1;
    countUp(this.byStatus, status?.S);
    countUp(this.byCode, errorCode?.S);
  }

  counts(): DeadLetterCounts {
    const { total, byStatus, byCode } = this;
    return { total, byStatus, byCode };
  }
}

function countUp(counts: Record<string, number>, name = 'unknown'): void {
  counts[name] = (counts[name] ?? 0) + 1;
}
