import { ZERO_TOTALS, type CheckpointState } from '../../../src/core/checkpoint';
import { TRIM_HORIZON, SHARD_END, type Position } from '../../../src/core/positions';
import {
  dispatchSlice,
  foldHandlerFailure,
  foldOrder,
  foldSlice,
  foldUnknown,
  initialShardState,
  statusOf,
} from '../../../src/core/shard-state';
import type {
  ErrorNote,
  HandlerFailure,
  ShardEvent,
  ShardWorkflowInput,
  SliceResult,
} from '../../../src/core/shard-work';
import { SHARD } from '../../support/protocol/fixture';

const timing = { heartbeatTimeoutMs: 10_000, shardSyncIntervalMs: 60_000 };
const input: ShardWorkflowInput = {
  shard: SHARD,
  parentShardIds: [],
  start: TRIM_HORIZON,
  timing,
  searchAttributes: false,
};
const after = (sequenceNumber: string): Position => ({ at: 'AFTER', sequenceNumber });
const at = (position: Position): CheckpointState => ({ position, generation: 0, token: 'token' });
const event: ShardEvent = { kind: 'claimed', atMs: 1, adopted: 'created' };
const slice = (more: Partial<SliceResult> = {}): SliceResult => ({
  end: 'interval',
  checkpoint: at(after('9')),
  runId: 'run-1',
  progress: { totals: { records: 3, bytes: 30, batches: 1 } },
  batches: 1,
  worker: 'worker-1',
  timing: { heartbeatTimeoutMs: 5_000, shardSyncIntervalMs: 30_000 },
  events: [event],
  ...more,
});
const error: ErrorNote = { code: 'HANDLER_FAILED', message: 'no', atMs: 2 };
const failure = (failures: number): HandlerFailure => ({
  ...slice(),
  checkpoint: at(after('9')),
  streak: { position: after('9'), through: '12', records: 3, failures, deaths: 0, phase: 'retry' },
  retryAfterMs: 1_000,
  error,
});
const fresh = initialShardState(input);

describe('a shard workflow', () => {
  it('starts where the shard begins, with a claim to make', () => {
    expect(fresh).toMatchObject({
      phase: 'STARTING',
      belief: { position: TRIM_HORIZON, needClaim: true },
      progress: { totals: ZERO_TOTALS },
      slices: 0,
    });
  });

  it('counts what it dispatches', () =>
    expect(dispatchSlice(dispatchSlice(fresh))).toMatchObject({ slices: 2, activitySeq: 2 }));

  it('takes position, progress, worker, timing and the last event from a slice', () => {
    const state = foldSlice(fresh, slice());
    expect(state).toMatchObject({
      phase: 'READING',
      worker: 'worker-1',
      timing: { heartbeatTimeoutMs: 5_000 },
      lastEvent: event,
    });
    expect(state.belief).toEqual({ ...at(after('9')), tokenRunId: 'run-1', needClaim: false });
    expect(foldSlice(state, slice({ events: [] })).lastEvent).toEqual(event);
  });

  it('claims next after a fenced slice, and does not move', () => {
    const state = foldSlice(foldSlice(fresh, slice()), slice({ end: 'fenced', checkpoint: undefined }));
    expect(state.belief).toMatchObject({ position: after('9'), needClaim: true });
  });

  it('keeps an order until a slice that was not fenced has carried it out', () => {
    const ordered = foldOrder(fresh, { kind: 'retry', by: 'jane', atMs: 3 });
    const fenced = foldSlice(ordered, slice({ end: 'fenced', checkpoint: undefined, orderDone: true }));
    expect(fenced.order).toEqual({ kind: 'retry', by: 'jane', atMs: 3 });
    expect(foldSlice(fenced, slice()).order).toEqual(fenced.order);
    expect(foldSlice(fenced, slice({ orderDone: true })).order).toBeUndefined();
  });

  it('drops an order that a slice has answered with a halt, but not one that came while it ran', () => {
    const order = { kind: 'skip', by: 'jane', atMs: 3 } as const;
    const halt = { how: 'park', sequenceNumber: '12', sinceMs: 4 } as const;
    const given = dispatchSlice(foldOrder(fresh, order));
    expect(foldHandlerFailure(given, { ...failure(1), halt })).toMatchObject({ phase: 'PARKED', order: undefined });
    expect(foldHandlerFailure(given, failure(1)).order).toEqual(order);
    const meanwhile = foldOrder(dispatchSlice(fresh), order);
    expect(foldHandlerFailure(meanwhile, { ...failure(1), halt }).order).toEqual(order);
  });

  it('knows the order that found nothing, unless another execution is to look', () => {
    const order = { kind: 'skip', by: 'jane', keyDigest: 'k', atMs: 3 } as const;
    const given = dispatchSlice(foldOrder(fresh, order));
    const missed = { orderDone: true, orderMissed: true };
    expect(foldSlice(given, slice(missed))).toMatchObject({ order: undefined, missedOrder: order });
    expect(foldSlice(given, slice({ orderDone: true })).missedOrder).toBeUndefined();
    const fenced = foldSlice(given, slice({ ...missed, end: 'fenced', checkpoint: undefined }));
    expect(fenced).toMatchObject({ order, missedOrder: undefined });
  });

  it('is finished at the end of the shard', () => {
    expect(foldSlice(fresh, slice({ end: 'shardEnd', checkpoint: at(SHARD_END), batches: 0 })).phase).toBe('FINISHED');
  });

  it('is retrying after a handler failure, until a batch succeeds', () => {
    const failed = foldHandlerFailure(fresh, failure(2));
    expect(failed).toMatchObject({
      phase: 'RETRYING',
      streak: { failures: 2 },
      lastError: error,
      belief: { position: after('9'), needClaim: false },
    });
    const idle = foldSlice(failed, slice({ batches: 0 }));
    expect(idle).toMatchObject({ phase: 'RETRYING', streak: { failures: 2 }, lastError: error });
    expect(foldSlice(idle, slice({ end: 'fenced', checkpoint: undefined }))).toMatchObject({
      phase: 'RETRYING',
      streak: { failures: 2 },
    });
    expect(foldSlice(idle, slice())).toMatchObject({ phase: 'READING', streak: undefined, lastError: undefined });
    expect(foldSlice(idle, slice({ end: 'shardEnd', batches: 0 }))).toMatchObject({
      phase: 'FINISHED',
      streak: undefined,
      lastError: undefined,
    });
  });

  it('claims next after an activity that told nothing, and keeps the error that it knew unless there is a new one', () => {
    const failed = foldHandlerFailure(fresh, failure(1));
    expect(foldUnknown(failed, undefined)).toMatchObject({
      belief: { position: after('9'), needClaim: true },
      lastError: error,
    });
    const newer: ErrorNote = { code: 'INTERNAL', message: 'odd', atMs: 3 };
    expect(foldUnknown(failed, newer).lastError).toEqual(newer);
  });

  it('shows itself', () => {
    expect(statusOf('shard-1', foldHandlerFailure(fresh, failure(4)))).toMatchObject({
      shardId: 'shard-1',
      phase: 'RETRYING',
      position: after('9'),
      generation: 0,
      failures: 4,
      lastError: error,
    });
    expect(statusOf('shard-1', fresh).failures).toBe(0);
  });
});
