import { WorkflowFailedError, WorkflowNotFoundError, type Client, type WorkflowHandle } from '@temporalio/client';
import { CancelledFailure, TerminatedFailure } from '@temporalio/common';
import { codeOf, TidemarkError } from '../core/errors';
import { messageNames } from '../core/names';
import type { ReplayEnding, ReplayOutcome, ReplayStatus } from '../core/replay';

const QUERY_TIMEOUT_MS = 4_000;

/** How a replay ended. What one did that was cancelled or terminated is told as far as a worker tells it. */
export interface FinishedReplay extends Omit<ReplayOutcome, 'end'> {
  readonly end: ReplayEnding | 'cancelled' | 'terminated';
}

/** A replay that was started. It goes on without this handle. */
export class ReplayHandle {
  private readonly workflow: WorkflowHandle;

  /** @internal */
  constructor(
    private readonly client: Client,
    readonly id: string,
    readonly workflowId: string,
  ) {
    this.workflow = client.workflow.getHandle(workflowId);
  }

  /** Task queue of the replay if it was started with `taskQueue: 'own'`: for `WorkerOptions.taskQueue`. */
  get ownTaskQueue(): string {
    return this.workflowId;
  }

  /** How far it is; undefined if no worker answers. @throws `REPLAY_NOT_FOUND` */
  async progress(): Promise<ReplayStatus | undefined> {
    try {
      return await this.client.withDeadline(Date.now() + QUERY_TIMEOUT_MS, () =>
        this.workflow.query<ReplayStatus>(messageNames.replayStatus),
      );
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) throw this.notFound();
      return undefined;
    }
  }

  /** Resolves when it has ended. @throws a `TidemarkError` if it failed, `REPLAY_NOT_FOUND` */
  async result(): Promise<FinishedReplay> {
    try {
      return (await this.workflow.result()) as ReplayOutcome;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) throw this.notFound();
      const cause = error instanceof WorkflowFailedError ? error.cause : undefined;
      if (cause instanceof CancelledFailure) return { ...(await this.lastCounts()), end: 'cancelled' };
      if (cause instanceof TerminatedFailure) return { ...(await this.lastCounts()), end: 'terminated' };
      const code = codeOf(cause);
      if (cause === undefined || code === undefined) throw error;
      throw new TidemarkError(code, cause.message, { context: { workflow: this.workflowId } });
    }
  }

  /** Asks it to end after the batches in flight. @throws `REPLAY_NOT_FOUND` */
  async cancel(): Promise<void> {
    try {
      await this.workflow.cancel();
    } catch (error) {
      throw error instanceof WorkflowNotFoundError ? this.notFound() : error;
    }
  }

  private notFound(): TidemarkError {
    return new TidemarkError('REPLAY_NOT_FOUND', `There is no replay ${this.id}`, {
      context: { workflow: this.workflowId },
    });
  }

  private async lastCounts(): Promise<Omit<ReplayOutcome, 'end'>> {
    const status = await this.progress();
    const { records = 0, filtered = 0, failed = 0, failedByCode = {}, failures = [], shards = 0 } = status ?? {};
    const loss = status?.loss;
    return { records, filtered, failed, failedByCode, failures, shards, ...(loss === undefined ? {} : { loss }) };
  }
}
