/** The workflow of one shard: slice after slice until the shard ends or a stop. Deterministic; decisions are in core. */
import {
  ActivityFailure,
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  isCancellation,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import { codeOf } from '../core/errors';
import { streamWorkflowId } from '../core/names';
import { describeShard, describeSlice } from '../core/shard-details';
import {
  carriedFrom,
  dispatchSlice,
  foldHandlerFailure,
  foldSlice,
  foldUnknown,
  initialShardState,
  statusOf,
  type ShardState,
} from '../core/shard-state';
import type {
  ControlRequest,
  HandlerFailure,
  ShardPhase,
  ShardResult,
  ShardStatus,
  ShardWorkflowInput,
  SliceResult,
} from '../core/shard-work';
import { endsWorkflow } from '../core/terminal-codes';
import { activitiesWith } from './activity-proxies';
import { requireName, shardFinishedSignal, shardStatusQuery, stopShardUpdate } from './messages';
import { isHistoryLong, publishState } from './run-facts';

/** Wait after an activity that has ended for good by an error that may pass. */
const UNKNOWN_ERROR_WAIT_MS = 60_000;

/** What the next turn of the loop does after a slice. */
type Turn = { readonly next: 'slice' | 'finished' } | { readonly next: 'wait'; readonly ms: number };

/**
 * Reads one shard: fetches, handles and commits in activities, and keeps the checkpoint state between them.
 * Update `stop` ends it at a commit; query `shardStatus` says where it stands. At SHARD_END it tells the stream workflow and completes.
 */
export async function tidemarkShard(input: ShardWorkflowInput): Promise<ShardResult> {
  return new ShardRun(input).run();
}

/** One run of the workflow, from its start or a continue-as-new to the next one or the end. */
class ShardRun {
  private state: ShardState;
  private stop: ControlRequest | undefined;
  private slice: CancellationScope | undefined;
  private isOver = false;
  private shownPhase: ShardPhase;

  constructor(private readonly input: ShardWorkflowInput) {
    this.state = initialShardState(input);
    this.shownPhase = this.state.phase;
    setHandler(shardStatusQuery, () => this.status(), { description: 'Where this shard stands' });
    setHandler(stopShardUpdate, (request) => this.obeyStop(request), {
      description: 'Stops this shard at its next commit',
      validator: requireName,
    });
  }

  async run(): Promise<ShardResult> {
    this.show();
    for (let slicesOfThisRun = 0; ; slicesOfThisRun += 1) {
      if (this.stop !== undefined) return this.end('STOPPED');
      // Nothing is awaited between the look at `stop` and continue-as-new: a stop that comes later finds the next run.
      if (slicesOfThisRun > 0 && isHistoryLong(this.input)) await this.continueAsNew();
      const turn = await this.takeTurn();
      this.show();
      if (turn.next === 'finished') {
        await tellStreamWorkflow(this.input);
        return this.end('FINISHED');
      }
      // A cancelled workflow has let its slice commit by now.
      if (CancellationScope.current().consideredCancelled) await CancellationScope.current().cancelRequested;
      if (turn.next === 'wait') await condition(() => this.stop !== undefined, turn.ms);
    }
  }

  private async obeyStop(request: ControlRequest): Promise<ShardStatus> {
    this.stop = request;
    this.slice?.cancel();
    await condition(() => this.isOver);
    return this.status();
  }

  /** Runs one slice and folds how it ended. */
  private async takeTurn(): Promise<Turn> {
    this.state = dispatchSlice(this.state);
    this.slice = new CancellationScope();
    try {
      const result = await this.slice.run(() => this.processBatches());
      this.state = foldSlice(this.state, result);
      return { next: result.end === 'shardEnd' ? 'finished' : 'slice' };
    } catch (error) {
      const failure = handlerFailureOf(error);
      if (failure === undefined) return this.foldOther(error);
      this.state = foldHandlerFailure(this.state, failure);
      return { next: 'wait', ms: failure.retryAfterMs };
    } finally {
      this.slice = undefined;
    }
  }

  private processBatches(): Promise<SliceResult> {
    const { shard, parentShardIds } = this.input;
    const { timing, belief, progress, activitySeq, streak } = this.state;
    const activities = activitiesWith(timing, describeSlice(this.status()));
    return activities.processBatches({ shard, parentShardIds, belief, progress, activitySeq, streak });
  }

  private foldOther(error: unknown): Turn {
    const cause = error instanceof ActivityFailure ? error.cause : undefined;
    const code = codeOf(cause) ?? 'INTERNAL';
    const isCancelled = isCancellation(error);
    const note = isCancelled ? undefined : { code, message: cause?.message ?? String(error), atMs: Date.now() };
    this.state = foldUnknown(this.state, note);
    if (isCancelled) return { next: 'slice' };
    if (!endsWorkflow(code)) return { next: 'wait', ms: UNKNOWN_ERROR_WAIT_MS };
    this.state = { ...this.state, phase: 'FAILED' };
    this.show();
    throw ApplicationFailure.nonRetryable(cause?.message ?? code, code);
  }

  private async end(phase: 'FINISHED' | 'STOPPED'): Promise<ShardResult> {
    this.state = { ...this.state, phase };
    this.show();
    this.isOver = true;
    await condition(allHandlersFinished);
    return { phase, position: this.state.belief.position, records: this.state.progress.totals.records };
  }

  private continueAsNew(): Promise<never> {
    const { timing } = this.state;
    return continueAsNew<typeof tidemarkShard>({ ...this.input, timing, carried: carriedFrom(this.state) });
  }

  private status(): ShardStatus {
    return statusOf(this.input.shard.shardId, this.state);
  }

  private show(): void {
    setCurrentDetails(describeShard(this.status()));
    if (!this.input.searchAttributes || this.shownPhase === this.state.phase) return;
    this.shownPhase = this.state.phase;
    publishState(this.state.phase);
  }
}

function handlerFailureOf(error: unknown): HandlerFailure | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  if (!(cause instanceof ApplicationFailure) || cause.type !== 'HANDLER_FAILED') return undefined;
  return cause.details?.[0] as HandlerFailure;
}

/** Where no stream workflow runs, its next start finds the finished shard in the checkpoints. */
async function tellStreamWorkflow({ shard }: ShardWorkflowInput): Promise<void> {
  try {
    await getExternalWorkflowHandle(streamWorkflowId(shard)).signal(shardFinishedSignal, shard.shardId);
  } catch (error) {
    if (isCancellation(error)) throw error;
  }
}
