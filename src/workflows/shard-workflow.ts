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
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import { codeOf } from '../core/errors';
import { searchAttributeNames, streamWorkflowId } from '../core/names';
import { describeShard, describeSlice } from '../core/shard-details';
import {
  carriedFrom,
  dispatchSlice,
  foldHandlerFailure,
  foldSlice,
  foldUnknown,
  initialShardState,
  statusOf,
} from '../core/shard-state';
import type { ControlRequest, HandlerFailure, ShardPhase, ShardResult, ShardWorkflowInput } from '../core/shard-work';
import { endsWorkflow } from '../core/terminal-codes';
import { activitiesWith } from './activity-proxies';
import { requireName, shardFinishedSignal, shardStatusQuery, stopShardUpdate } from './messages';

const stateKey = defineSearchAttributeKey(searchAttributeNames.state, 'KEYWORD');

/** What the next turn of the loop does after a slice. */
type Turn = { readonly next: 'slice' | 'finished' } | { readonly next: 'wait'; readonly ms: number };

/**
 * Reads one shard: fetches, handles and commits in activities, and keeps the checkpoint state between them.
 * Update `stop` ends it at a commit; query `shardStatus` says where it stands. At SHARD_END it tells the stream workflow and completes.
 */
export async function tidemarkShard(input: ShardWorkflowInput): Promise<ShardResult> {
  const { shard } = input;
  let state = initialShardState(input);
  let stop: ControlRequest | undefined;
  let slice: CancellationScope | undefined;
  let isOver = false;

  setHandler(shardStatusQuery, () => statusOf(shard.shardId, state), { description: 'Where this shard stands' });
  setHandler(
    stopShardUpdate,
    async (request) => {
      stop = request;
      slice?.cancel();
      await condition(() => isOver);
      return statusOf(shard.shardId, state);
    },
    { description: 'Stops this shard at its next commit', validator: requireName },
  );

  let shownPhase: ShardPhase = state.phase;
  const show = (): void => {
    setCurrentDetails(describeShard(statusOf(shard.shardId, state)));
    if (!input.searchAttributes || shownPhase === state.phase) return;
    shownPhase = state.phase;
    upsertSearchAttributes([{ key: stateKey, value: state.phase }]);
  };

  /** Runs one slice and folds how it ended. */
  const takeTurn = async (): Promise<Turn> => {
    state = dispatchSlice(state);
    const { belief, progress, activitySeq, streak } = state;
    const { processBatches } = activitiesWith(state.timing, describeSlice(statusOf(shard.shardId, state)));
    slice = new CancellationScope();
    try {
      const result = await slice.run(() =>
        processBatches({ shard, parentShardIds: input.parentShardIds, belief, progress, activitySeq, streak }),
      );
      state = foldSlice(state, result);
      return { next: result.end === 'shardEnd' ? 'finished' : 'slice' };
    } catch (error) {
      const failure = handlerFailureOf(error);
      if (failure) {
        state = foldHandlerFailure(state, failure);
        return { next: 'wait', ms: failure.retryAfterMs };
      }
      return foldOther(error);
    } finally {
      slice = undefined;
    }
  };

  const foldOther = (error: unknown): Turn => {
    const cause = error instanceof ActivityFailure ? error.cause : undefined;
    const code = codeOf(cause) ?? 'INTERNAL';
    const isCancelled = isCancellation(error);
    const note = isCancelled ? undefined : { code, message: cause?.message ?? String(error), atMs: Date.now() };
    state = foldUnknown(state, note);
    if (isCancelled) return { next: 'slice' };
    if (!endsWorkflow(code)) return { next: 'wait', ms: 60_000 };
    state = { ...state, phase: 'FAILED' };
    show();
    throw ApplicationFailure.nonRetryable(cause?.message ?? code, code);
  };

  const end = async (phase: 'FINISHED' | 'STOPPED'): Promise<ShardResult> => {
    state = { ...state, phase };
    show();
    isOver = true;
    await condition(allHandlersFinished);
    return { phase, position: state.belief.position, records: state.progress.totals.records };
  };

  show();
  for (let slicesOfThisRun = 0; ; slicesOfThisRun += 1) {
    if (stop !== undefined) return end('STOPPED');
    if (slicesOfThisRun > 0 && isHistoryLong(input)) {
      // Nothing is awaited between the look at `stop` and this: a stop that comes later finds the next run.
      await continueAsNew<typeof tidemarkShard>({ ...input, timing: state.timing, carried: carriedFrom(state) });
    }
    const turn = await takeTurn();
    show();
    if (turn.next === 'finished') {
      await tellStreamWorkflow(input);
      return end('FINISHED');
    }
    // A cancelled workflow has let its slice commit by now.
    if (CancellationScope.current().consideredCancelled) await CancellationScope.current().cancelRequested;
    if (turn.next === 'wait') await condition(() => stop !== undefined, turn.ms);
  }
}

function handlerFailureOf(error: unknown): HandlerFailure | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  if (!(cause instanceof ApplicationFailure) || cause.type !== 'HANDLER_FAILED') return undefined;
  return cause.details?.[0] as HandlerFailure;
}

function isHistoryLong({ maxHistoryEvents }: ShardWorkflowInput): boolean {
  const { historyLength, continueAsNewSuggested } = workflowInfo();
  return continueAsNewSuggested || historyLength >= (maxHistoryEvents ?? 1_000);
}

/** Where no stream workflow runs, its next start finds the finished shard in the checkpoints. */
async function tellStreamWorkflow({ shard }: ShardWorkflowInput): Promise<void> {
  try {
    await getExternalWorkflowHandle(streamWorkflowId(shard)).signal(shardFinishedSignal, shard.shardId);
  } catch (error) {
    if (isCancellation(error)) throw error;
  }
}
