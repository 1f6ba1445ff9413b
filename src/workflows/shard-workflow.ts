/** The workflow of one shard: slice after slice until the shard ends or a stop. Deterministic; decisions are in core. */
import {
  ActivityFailure,
  allHandlersFinished,
  ApplicationFailure,
  condition,
  continueAsNew,
  isCancellation,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import type { ControlRequest } from '../core/control';
import { codeOf, type ErrorCode } from '../core/errors';
import type { Halt } from '../core/halt';
import { refuseOrder } from '../core/parked-orders';
import { describeShard, describeSlice } from '../core/shard-details';
import {
  carriedFrom,
  dispatchSlice,
  foldHandlerFailure,
  foldLossAccepted,
  foldOrder,
  foldSlice,
  foldUnknown,
  initialShardState,
  statusOf,
  workOf,
  type ShardState,
} from '../core/shard-state';
import type {
  ParkedOrder,
  ParkedRequest,
  ShardPhase,
  ShardResult,
  ShardStatus,
  ShardWorkflowInput,
  SliceResult,
} from '../core/shard-work';
import { endsWorkflow } from '../core/terminal-codes';
import { activitiesWith } from './activity-proxies';
import { Interruptible } from './interruptible';
import {
  requireName,
  retryParkedUpdate,
  shardFailedSignal,
  shardFinishedSignal,
  shardStatusQuery,
  skipParkedUpdate,
  stopShardUpdate,
} from './messages';
import { heedCancellation, isHistoryLong, publishState } from './run-facts';
import { ShardControl, type ControlledShard } from './shard-control';
import { handlerFailureOf } from './slice-failure';
import { tellStreamWorkflow } from './tell-stream-workflow';

/** Wait after an activity that has ended for good by an error that may pass. */
const UNKNOWN_ERROR_WAIT_MS = 60_000;

/** What the next turn of the loop does after a slice. */
type Turn = { readonly next: 'slice' | 'finished' } | { readonly next: 'wait'; readonly ms: number };

/**
 * Reads one shard: fetches, handles and commits in activities, and keeps the checkpoint state between them.
 * Update `stop` ends it at a commit, `pause` and `resume` interrupt it, `moveCheckpoint` has it go on elsewhere; query `shardStatus` says
 * where it stands. At SHARD_END it tells the stream workflow and completes.
 * A parked shard waits for the updates `retryParked` and `skipParked`, or its time. Where the failure policy is to stop, it fails.
 */
export async function tidemarkShard(input: ShardWorkflowInput): Promise<ShardResult> {
  return new ShardRun(input).run();
}

/** One run of the workflow, from its start or a continue-as-new to the next one or the end. */
class ShardRun implements ControlledShard {
  state: ShardState;
  isOver = false;
  private readonly control: ShardControl;
  private stop: ControlRequest | undefined;
  private readonly work = new Interruptible();
  private slicesOfThisRun = 0;
  private shownPhase: ShardPhase;

  constructor(readonly input: ShardWorkflowInput) {
    this.state = initialShardState(input);
    this.shownPhase = this.state.phase;
    this.control = new ShardControl(this);
    setHandler(shardStatusQuery, () => this.status(), { description: 'Where this shard stands' });
    setHandler(stopShardUpdate, (request) => this.obeyStop(request), {
      description: 'Stops this shard at its next commit',
      validator: requireName,
    });
    setHandler(retryParkedUpdate, (request) => this.obeyOrder('retry', request), {
      description: 'Tries again what is parked',
      validator: (request: ParkedRequest) => this.checkOrder('retry', request),
    });
    setHandler(skipParkedUpdate, (request) => this.obeyOrder('skip', request), {
      description: 'Sets the parked record aside for good and goes on behind it',
      validator: (request: ParkedRequest) => this.checkOrder('skip', request),
    });
  }

  async run(): Promise<ShardResult> {
    this.show();
    for (;;) {
      if (this.stop !== undefined) return this.end('STOPPED');
      // Nothing is awaited between these looks and continue-as-new: a stop or an order that comes later finds the next run.
      if (this.mayContinueAsNew) await this.continueAsNew();
      if (await this.waitOrMove()) {
        this.show();
        await heedCancellation();
        continue;
      }
      const turn = await this.takeTurn();
      this.show();
      if (turn.next === 'finished') {
        await tellStreamWorkflow(this.input, shardFinishedSignal);
        return this.end('FINISHED');
      }
      await heedCancellation();
      if (turn.next === 'wait') await this.waitForRetry(turn.ms);
    }
  }

  /** What comes before reading: a move of the checkpoint, a pause, an end of waiting. False if nothing does. */
  private async waitOrMove(): Promise<boolean> {
    const { move, pauses, halt } = this.state;
    if (move !== undefined) await this.guarded(() => this.control.carryOut(move));
    else if (pauses !== undefined) await this.control.waitPaused();
    else if (halt !== undefined) await this.waitParked(halt);
    else return false;
    return true;
  }

  /** Its history is long, and nobody waits for an answer of this run. An order without an asker is carried over. */
  private get mayContinueAsNew(): boolean {
    return this.slicesOfThisRun > 0 && isHistoryLong(this.input) && allHandlersFinished();
  }

  private async obeyStop(request: ControlRequest): Promise<ShardStatus> {
    this.stop = request;
    this.interrupt();
    await condition(() => this.isOver);
    return this.status();
  }

  private checkOrder(kind: ParkedOrder['kind'], request: ParkedRequest | undefined): void {
    const { halt, order, progress } = this.state;
    const { isEnding } = this;
    const isPaused = this.state.pauses !== undefined;
    const parkedKeys = progress.parkedKeys ?? 0;
    const refusal = refuseOrder(kind, request, { halt, order, parkedKeys, isPaused, isEnding });
    if (refusal) throw ApplicationFailure.nonRetryable(refusal.message, refusal.code);
  }

  /** The order is carried out by the next slice; a running one ends at its next commit. */
  private async obeyOrder(kind: ParkedOrder['kind'], request: ParkedRequest): Promise<ShardStatus> {
    const order: ParkedOrder = { ...request, kind, atMs: Date.now() };
    this.state = request.acceptLoss ? foldLossAccepted(this.state, order) : foldOrder(this.state, order);
    if (request.acceptLoss) return this.status();
    this.interrupt();
    await condition(() => this.state.order !== order || this.isOver);
    if (this.state.missedOrder === order)
      throw ApplicationFailure.nonRetryable('No record of this partition key is parked', 'NOT_PARKED');
    if (this.state.order !== order) return this.status();
    const how = this.state.phase === 'FINISHED' ? 'came to its end' : 'was stopped';
    throw ApplicationFailure.nonRetryable(`The shard ${how} before the order was carried out`, 'NOT_PARKED');
  }

  private async waitForRetry(ms: number): Promise<void> {
    const { order } = this.state;
    await condition(() => this.stop !== undefined || this.state.order !== order || this.isControlled, ms);
  }

  /** Until an operator orders something, its own time is over, or it is stopped. */
  private async waitParked({ retryAtMs }: Halt): Promise<void> {
    const isWoken = (): boolean =>
      this.isWoken || this.state.order !== undefined || this.state.halt === undefined || this.isControlled;
    if (retryAtMs === undefined) await condition(isWoken);
    else await condition(isWoken, Math.max(1, retryAtMs - Date.now()));
    const { order } = this.state;
    if (this.state.halt === undefined || (order === undefined && this.isControlled)) return;
    // The time may be over in the very moment of an order: then the order counts.
    if (order !== undefined || !isWoken()) this.state = foldOrder(this.state, order ?? timeIsOver());
  }

  /** Runs one slice and folds how it ended. */
  private async takeTurn(): Promise<Turn> {
    this.slicesOfThisRun += 1;
    this.state = dispatchSlice(this.state);
    try {
      const result = await this.work.run(() => this.processBatches());
      this.state = foldSlice(this.state, result);
      return { next: result.end === 'shardEnd' ? 'finished' : 'slice' };
    } catch (error) {
      const failure = handlerFailureOf(error);
      if (failure === undefined) return this.foldOther(error);
      this.state = foldHandlerFailure(this.state, failure);
      if (failure.halt?.how === 'stop') return await this.fail(failure.error.message, 'RECORD_FAILED');
      return failure.halt ? { next: 'slice' } : { next: 'wait', ms: failure.retryAfterMs };
    }
  }

  /** An activity that a stop may end, and that waits where it has ended for good by an error that may pass. */
  private async guarded(action: () => Promise<void>): Promise<void> {
    try {
      await this.work.run(action);
    } catch (error) {
      const turn = this.foldOther(error);
      if (turn.next === 'wait') await condition(() => this.stop !== undefined, turn.ms);
    }
  }

  private processBatches(): Promise<SliceResult> {
    const { shard, parentShardIds } = this.input;
    const activities = activitiesWith(this.state.timing, describeSlice(this.status()));
    return activities.processBatches({ shard, parentShardIds, ...workOf(this.state) });
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

  /** The failure policy is to stop: first the stream workflow hears of it, which stops the other shards and starts none again. */
  private async fail(message: string, code: ErrorCode): Promise<never> {
    this.show();
    await tellStreamWorkflow(this.input, shardFailedSignal, message);
    this.isOver = true;
    await condition(allHandlersFinished);
    throw ApplicationFailure.nonRetryable(message, code);
  }

  private async end(phase: 'FINISHED' | 'STOPPED'): Promise<ShardResult> {
    this.state = { ...this.state, phase };
    this.show();
    this.isOver = true;
    await condition(allHandlersFinished);
    const { belief, progress } = this.state;
    const { position, generation } = belief;
    return { phase, position, generation, records: progress.totals.records, progress };
  }

  /** An operator has paused it, or moves its checkpoint: that comes before what the shard would do by itself. */
  private get isControlled(): boolean {
    return this.state.pauses !== undefined || this.state.move !== undefined;
  }

  get isEnding(): boolean {
    return this.stop !== undefined || this.isOver;
  }

  get isWoken(): boolean {
    return this.stop !== undefined || this.mayContinueAsNew;
  }

  interrupt(): void {
    this.work.interrupt();
  }

  private continueAsNew(): Promise<never> {
    const { timing } = this.state;
    return continueAsNew<typeof tidemarkShard>({ ...this.input, timing, carried: carriedFrom(this.state) });
  }

  status(): ShardStatus {
    return statusOf(this.input.shard.shardId, this.state);
  }

  show(): void {
    setCurrentDetails(describeShard(this.status()));
    if (!this.input.searchAttributes || this.shownPhase === this.state.phase) return;
    this.shownPhase = this.state.phase;
    publishState(this.state.phase);
  }
}

function timeIsOver(): ParkedOrder {
  return { kind: 'retry', by: 'Tidemark', reason: 'its time is over', atMs: Date.now() };
}
