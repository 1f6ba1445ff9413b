import { WorkflowFailedError, type Client, type WorkflowHandle } from '@temporalio/client';
import { CancelledFailure, TerminatedFailure } from '@temporalio/common';
import { codeOf, TidemarkError } from '../core/errors';
import { messageNames } from '../core/names';
import {
  NO_COUNTS,
  type RedriveCounts,
  type RedriveEnd,
  type RedriveOutcome,
  type RedriveStatus,
} from '../core/redrive';

const QUERY_TIMEOUT_MS = 4_000;

/** How a redrive ended. Counts of one that was cancelled or terminated are as far as a worker tells them. */
export interface FinishedRedrive extends RedriveCounts {
  readonly end: RedriveEnd | 'cancelled' | 'terminated';
}

/** A redrive that was started. It goes on without this handle. */
export class RedriveHandle {
  private readonly workflow: WorkflowHandle;

  /** @internal */
  constructor(
    private readonly client: Client,
    readonly workflowId: string,
    firstExecutionRunId?: string,
  ) {
    // By its first run, so that a redrive that is started later under the same id is not taken for it.
    this.workflow = client.workflow.getHandle(workflowId, undefined, { firstExecutionRunId });
  }

  /** How far it is; undefined if no worker answers. */
  async status(): Promise<RedriveStatus | undefined> {
    try {
      return await this.client.withDeadline(Date.now() + QUERY_TIMEOUT_MS, () =>
        this.workflow.query<RedriveStatus>(messageNames.redriveStatus),
      );
    } catch {
      return undefined;
    }
  }

  /** Resolves when it has ended. @throws a `TidemarkError` if it failed */
  async result(): Promise<FinishedRedrive> {
    try {
      return (await this.workflow.result()) as RedriveOutcome;
    } catch (error) {
      const cause = error instanceof WorkflowFailedError ? error.cause : undefined;
      if (cause instanceof CancelledFailure) return { ...(await this.lastCounts()), end: 'cancelled' };
      if (cause instanceof TerminatedFailure) return { ...(await this.lastCounts()), end: 'terminated' };
      const code = codeOf(cause);
      if (cause === undefined || code === undefined) throw error;
      throw new TidemarkError(code, cause.message, { context: { workflow: this.workflowId } });
    }
  }

  /** Asks it to end after the letters in flight. */
  async cancel(): Promise<void> {
    await this.workflow.cancel();
  }

  private async lastCounts(): Promise<RedriveCounts> {
    const { total, redriven, failed, held, skipped } = (await this.status()) ?? NO_COUNTS;
    return { total, redriven, failed, held, skipped };
  }
}
