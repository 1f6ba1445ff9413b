/** State of a shard workflow and how each outcome changes it: pure, so that it can be tested without Temporal. */
import { ZERO_TOTALS } from './checkpoint';
import { foldOutcome, initialBelief, type Belief } from './commit-protocol';
import type { FailureStreak } from './failure-policy';
import type {
  ErrorNote,
  HandlerFailure,
  ParkedOrder,
  ShardCarried,
  ShardStatus,
  ShardWorkflowInput,
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

export function initialShardState({ start, timing, carried }: ShardWorkflowInput): ShardState {
  const progress = { totals: ZERO_TOTALS };
  const fresh: ShardCarried = { phase: 'STARTING', belief: initialBelief(start), progress, slices: 0 };
  return { ...(carried ?? fresh), timing, activitySeq: 0 };
}

/** The state in which the next slice is dispatched. */
export function dispatchSlice(state: ShardState): ShardState {
  return { ...state, slices: state.slices + 1, activitySeq: state.activitySeq + 1, dispatchedOrder: state.order };
}

/** A slice ended normally. Its committed position is the truth; a fenced one leaves a claim to be made. */
export function foldSlice(state: ShardState, result: SliceResult): ShardState {
  const next = { ...state, ...known(state, result), belief: foldCheckpoint(state.belief, result) };
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

/** The handler failed: what was committed before counts, and the batch is tried again. */
export function foldHandlerFailure(state: ShardState, failure: HandlerFailure): ShardState {
  const { streak, error: lastError, halt } = failure;
  const told = known(state, failure);
  // A shard that parks has done what it could: an order that stayed would wake it at once, for ever. One that came meanwhile is still to be tried.
  const order = halt && told.order === state.dispatchedOrder ? undefined : told.order;
  return {
    ...state,
    ...told,
    order,
    belief: foldCheckpoint(state.belief, failure),
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

/** The activity ended without telling its state: whatever it did, the next one claims. */
export function foldUnknown(state: ShardState, lastError: ErrorNote | undefined): ShardState {
  return { ...state, belief: foldOutcome(state.belief, { kind: 'fenced' }), ...(lastError ? { lastError } : {}) };
}

/** So many events are kept for status and the Web UI; all of them stand in the results of the activities. */
const RECENT_EVENTS = 10;

type Told = Pick<SliceResult, 'progress' | 'worker' | 'timing' | 'events' | 'orderDone' | 'orderMissed'>;

function known(
  state: ShardState,
  { progress, worker, timing, events, orderDone, orderMissed }: Told,
): Pick<ShardState, 'progress' | 'worker' | 'timing' | 'lastEvent' | 'recentEvents' | 'order' | 'missedOrder'> {
  const recentEvents = [...(state.recentEvents ?? []), ...events].slice(-RECENT_EVENTS);
  const order = orderDone ? undefined : state.order;
  const missedOrder = orderMissed ? state.order : state.missedOrder;
  return { progress, worker, timing, lastEvent: events.at(-1) ?? state.lastEvent, recentEvents, order, missedOrder };
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
    worker,
  };
}
