/** State of a shard workflow and how each outcome changes it: pure, so that it can be tested without Temporal. */
import { ZERO_TOTALS } from './checkpoint';
import { foldOutcome, initialBelief, type Belief } from './commit-protocol';
import {
  pauseOf,
  pausesInForce,
  type ControlRequest,
  type Move,
  type Pause,
  type Pauses,
  type ResumeRequest,
} from './control';
import type { FailureStreak } from './failure-policy';
import type { AcceptedLoss } from './halt';
import { describePosition } from './positions';
import type { ClaimResult, MoveResult } from './control-work';
import type {
  ErrorNote,
  HandlerFailure,
  LossFailure,
  ParkedOrder,
  Progress,
  ShardCarried,
  ShardEvent,
  ShardStatus,
  ShardWorkflowInput,
  SliceInput,
  SliceResult,
  Timing,
} from './shard-work';

export interface ShardState extends ShardCarried {
  readonly timing: Timing;
  /** Activities of this run that may write the checkpoint. */
  readonly activitySeq: number;
  /** The order that the last slice was given. */
  readonly dispatchedOrder?: ParkedOrder;
  /** The last order that found nothing to be carried out on. */
  readonly missedOrder?: ParkedOrder;
}

export function initialShardState({ start, timing, carried, pause }: ShardWorkflowInput): ShardState {
  const progress = { totals: ZERO_TOTALS };
  const fresh: ShardCarried = { phase: 'STARTING', belief: initialBelief(start), progress, slices: 0 };
  if (pause) return { ...(carried ?? { ...fresh, pauses: { consumer: pause } }), timing, activitySeq: 0 };
  return { ...(carried ?? fresh), timing, activitySeq: 0 };
}

/** The state in which the next slice is dispatched. */
export function dispatchSlice(state: ShardState): ShardState {
  return { ...dispatchWrite(state), slices: state.slices + 1, dispatchedOrder: state.order };
}

/** What the next slice is told. */
export function workOf(state: ShardState): Omit<SliceInput, 'shard' | 'parentShardIds'> {
  const { belief, progress, activitySeq, streak, order, noted, acceptedLoss, retention } = state;
  return {
    ...{ belief, progress, activitySeq, streak, order, noted },
    ...(acceptedLoss ? { isLossAccepted: true } : {}),
    ...(retention?.isAtRisk ? { wasAtRisk: true } : {}),
  };
}

/** The state in which any other activity is dispatched that may write the checkpoint. */
export function dispatchWrite(state: ShardState): ShardState {
  return { ...state, activitySeq: state.activitySeq + 1 };
}

/** A slice ended normally. Its committed position is the truth; a fenced one leaves a claim to be made. */
export function foldSlice(state: ShardState, result: SliceResult): ShardState {
  const next = { ...state, ...known(state, result), belief: foldCheckpoint(state.belief, result), noted: undefined };
  // Fenced while it carried out an order: the next one does, again.
  if (result.end === 'fenced') return { ...next, order: state.order, missedOrder: state.missedOrder };
  const streak = result.end === 'shardEnd' ? undefined : streakAfter(state, result);
  if (streak !== undefined) return { ...next, streak };
  return { ...next, phase: result.end === 'shardEnd' ? 'FINISHED' : 'READING', streak, lastError: undefined };
}

/** Version 0.1.0 did not tell; there a slice that made no progress said nothing about the batch that failed before it. */
function streakAfter(state: ShardState, { streak, batches }: SliceResult): FailureStreak | undefined {
  if (streak === undefined) return batches > 0 ? undefined : state.streak;
  return streak ?? undefined;
}

/** The handler failed: what was committed before counts, and the batch is tried again. Or records were lost, and nothing was read. */
export function foldHandlerFailure(state: ShardState, failure: HandlerFailure | LossFailure): ShardState {
  const { streak, error: lastError, halt } = failure;
  const told = known(state, failure);
  // A shard that parks has done what it could: an order that stayed would wake it at once, for ever. One that came meanwhile is still to be tried.
  const order = halt && told.order === state.dispatchedOrder ? undefined : told.order;
  return {
    ...state,
    ...told,
    order,
    belief: foldCheckpoint(state.belief, failure),
    noted: undefined,
    phase: halt?.how === 'park' ? 'PARKED' : halt ? 'FAILED' : 'RETRYING',
    streak,
    lastError,
    halt,
  };
}

/** A parked shard goes on as an operator orders, or because its time is over. */
export function foldOrder(state: ShardState, order: ParkedOrder): ShardState {
  return { ...state, phase: 'RETRYING', order, halt: undefined };
}

/** An operator accepts that retention took records: reading goes on behind them. */
export function foldLossAccepted(state: ShardState, { by, reason, atMs }: AcceptedLoss): ShardState {
  const { halt, streak } = state;
  if (!halt?.loss) return state;
  const { fromMs, toMs } = halt.loss;
  const phase = streak ? 'RETRYING' : 'READING';
  const accepted = { by, reason, atMs };
  const next: ShardState = { ...state, halt: undefined, lastError: undefined, acceptedLoss: accepted, phase };
  return noteControl(next, { kind: 'lossAccepted', ...accepted, fromMs, toMs });
}

/** Asked for: in force once nothing of the shard runs any more. It takes the place of an earlier one of the same scope. */
export function foldPauseRequest(state: ShardState, pause: Pause): ShardState {
  return { ...state, pauses: { ...state.pauses, [pause.scope]: pause } };
}

export function foldPaused(state: ShardState): ShardState {
  const pause = pauseOf(state.pauses);
  if (pause === undefined || state.phase === 'PAUSED') return state;
  const { by, reason, untilMs, atMs } = pause;
  return noteControl({ ...state, phase: 'PAUSED' }, { kind: 'paused', atMs, by, reason, untilMs });
}

/** That of a consumer ends its own pause only; that of a shard, which names it, both. */
export function foldResume(state: ShardState, { scope, ...who }: ResumeRequest, atMs: number): ShardState {
  if (pauseOf(state.pauses) === undefined) return state;
  const { shard } = state.pauses ?? {};
  return withPauses(state, scope === 'consumer' && shard ? { shard } : {}, { ...who, atMs });
}

/** Ends the pauses whose time is over. */
export function foldPausesOver(state: ShardState, atMs: number): ShardState {
  const left = pausesInForce(state.pauses ?? {}, atMs);
  return withPauses(state, left, { by: 'Tidemark', reason: 'its time is over', atMs });
}

/** Back to what it was before, once none is left. */
function withPauses(
  state: ShardState,
  pauses: Pauses,
  { by, reason, atMs }: ControlRequest & { readonly atMs: number },
): ShardState {
  if (pauseOf(pauses) !== undefined) return { ...state, pauses };
  const { halt, slices, streak } = state;
  if (state.phase !== 'PAUSED') return { ...state, pauses: undefined };
  const phase = halt ? 'PARKED' : streak ? 'RETRYING' : slices > 0 ? 'READING' : 'STARTING';
  return noteControl({ ...state, pauses: undefined, phase }, { kind: 'resumed', atMs, by, reason });
}

export function foldClaim(state: ShardState, result: ClaimResult): ShardState {
  return { ...state, ...known(state, result), belief: foldCheckpoint(state.belief, result) };
}

/** What failed before the move says nothing about what is read after it. Fenced, the same move is tried again after a claim. */
export function foldMove(state: ShardState, move: Move, result: MoveResult): ShardState {
  const next = foldClaim(state, result);
  if (result.outcome === 'fenced') return next;
  const settled: ShardState = { ...next, move: undefined };
  if (result.outcome === 'superseded') return settled;
  const { kind, id, to, by, reason } = move;
  const { from = state.belief.position, isBack = kind === 'rewind' } = move;
  const atMs = result.progress.committedAtMs ?? move.requestedAtMs;
  const phase = state.phase === 'PAUSED' ? state.phase : 'READING';
  const moved: ShardState = {
    ...settled,
    phase,
    streak: undefined,
    halt: undefined,
    lastError: undefined,
    lastMove: { kind, id, from, to, by, reason, atMs, isBack },
  };
  const places = { from: describePosition(from), to: describePosition(to) };
  return noteEvents(moved, [{ kind: 'moved', atMs, how: kind, ...places, by, reason }]);
}

function noteControl(state: ShardState, event: ShardEvent): ShardState {
  return { ...noteEvents(state, [event]), noted: [...(state.noted ?? []), event].slice(-RECENT_EVENTS) };
}

function noteEvents(state: ShardState, events: readonly ShardEvent[]): ShardState {
  const recentEvents = [...(state.recentEvents ?? []), ...events].slice(-RECENT_EVENTS);
  return { ...state, recentEvents, lastEvent: events.at(-1) ?? state.lastEvent };
}

/** The activity ended without telling its state: whatever it did, the next one claims. */
export function foldUnknown(state: ShardState, lastError: ErrorNote | undefined): ShardState {
  return { ...state, belief: foldOutcome(state.belief, { kind: 'fenced' }), ...(lastError ? { lastError } : {}) };
}

/** So many events are kept for status and the Web UI; all of them stand in the results of the activities. */
const RECENT_EVENTS = 10;

type Told = Pick<SliceResult, 'progress' | 'worker' | 'timing' | 'events' | 'orderDone' | 'orderMissed' | 'retention'>;

type Known = Pick<
  ShardState,
  | 'progress'
  | 'worker'
  | 'timing'
  | 'lastEvent'
  | 'recentEvents'
  | 'order'
  | 'missedOrder'
  | 'acceptedLoss'
  | 'retention'
>;

function known(
  state: ShardState,
  { progress, worker, timing, events, orderDone, orderMissed, retention = state.retention }: Told,
): Known {
  const { recentEvents, lastEvent } = noteEvents(state, events);
  const order = orderDone ? undefined : state.order;
  const missedOrder = orderMissed ? state.order : state.missedOrder;
  const acceptedLoss = isBeyond(progress, state.progress) ? undefined : state.acceptedLoss;
  return { progress, worker, timing, lastEvent, recentEvents, order, missedOrder, acceptedLoss, retention };
}

/** What tells of a loss has changed: the shard has got on, or was moved. */
function isBeyond(now: Progress, before: Progress): boolean {
  return now.lastArrivalMs !== before.lastArrivalMs || now.caughtUpAtMs !== before.caughtUpAtMs;
}

function foldCheckpoint(belief: Belief, { checkpoint, runId }: Pick<SliceResult, 'checkpoint' | 'runId'>): Belief {
  return foldOutcome(belief, checkpoint ? { kind: 'ok', checkpoint, runId } : { kind: 'fenced' });
}

export function carriedFrom({
  timing: _timing,
  activitySeq: _seq,
  dispatchedOrder: _given,
  missedOrder: _missed,
  ...carried
}: ShardState): ShardCarried {
  return carried;
}

export function statusOf(shardId: string, state: ShardState): ShardStatus {
  const { phase, belief, progress, streak, slices, lastError, lastEvent, recentEvents, halt, worker } = state;
  const { pauses, lastMove, retention } = state;
  const { position, generation } = belief;
  return {
    shardId,
    phase,
    position,
    generation,
    progress,
    failures: streak?.failures ?? 0,
    slices,
    lastError,
    lastEvent,
    recentEvents,
    streak,
    halt,
    retention,
    pause: pauseOf(pauses),
    lastMove,
    worker,
  };
}
