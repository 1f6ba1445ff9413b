/** State of a shard workflow and how each outcome changes it: pure, so that it can be tested without Temporal. */
import { ZERO_TOTALS } from './checkpoint';
import { foldOutcome, initialBelief, type Belief } from './commit-protocol';
import type {
  ErrorNote,
  HandlerFailure,
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
}

export function initialShardState({ start, timing, carried }: ShardWorkflowInput): ShardState {
  const progress = { totals: ZERO_TOTALS };
  const fresh: ShardCarried = { phase: 'STARTING', belief: initialBelief(start), progress, slices: 0 };
  return { ...(carried ?? fresh), timing, activitySeq: 0 };
}

/** The state in which the next slice is dispatched. */
export function dispatchSlice(state: ShardState): ShardState {
  return { ...state, slices: state.slices + 1, activitySeq: state.activitySeq + 1 };
}

/** A slice ended normally. Its committed position is the truth; a fenced one leaves a claim to be made. */
export function foldSlice(state: ShardState, result: SliceResult): ShardState {
  const next = { ...state, ...known(state, result), belief: foldCheckpoint(state.belief, result) };
  if (result.end === 'fenced') return next;
  // A slice that made no progress says nothing about the batch that failed before it.
  const isRecovered = state.streak === undefined || result.batches > 0 || result.end === 'shardEnd';
  return isRecovered
    ? { ...next, phase: result.end === 'shardEnd' ? 'FINISHED' : 'READING', streak: undefined, lastError: undefined }
    : next;
}

/** The handler failed: what was committed before counts, and the batch is tried again. */
export function foldHandlerFailure(state: ShardState, failure: HandlerFailure): ShardState {
  const { streak, error: lastError } = failure;
  return {
    ...state,
    ...known(state, failure),
    belief: foldCheckpoint(state.belief, failure),
    phase: 'RETRYING',
    streak,
    lastError,
  };
}

/** The activity ended without telling its state: whatever it did, the next one claims. */
export function foldUnknown(state: ShardState, lastError: ErrorNote | undefined): ShardState {
  return { ...state, belief: foldOutcome(state.belief, { kind: 'fenced' }), ...(lastError ? { lastError } : {}) };
}

type Told = Pick<SliceResult, 'progress' | 'worker' | 'timing' | 'events'>;

function known(
  state: ShardState,
  { progress, worker, timing, events }: Told,
): Pick<ShardState, 'progress' | 'worker' | 'timing' | 'lastEvent'> {
  return { progress, worker, timing, lastEvent: events.at(-1) ?? state.lastEvent };
}

function foldCheckpoint(belief: Belief, { checkpoint, runId }: Pick<SliceResult, 'checkpoint' | 'runId'>): Belief {
  return foldOutcome(belief, checkpoint ? { kind: 'ok', checkpoint, runId } : { kind: 'fenced' });
}

export function carriedFrom({
  phase,
  belief,
  progress,
  slices,
  streak,
  lastError,
  lastEvent,
  worker,
}: ShardState): ShardCarried {
  return { phase, belief, progress, slices, streak, lastError, lastEvent, worker };
}

export function statusOf(shardId: string, state: ShardState): ShardStatus {
  const { phase, belief, progress, streak, slices, lastError, lastEvent, worker } = state;
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
    worker,
  };
}
