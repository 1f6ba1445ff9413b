import { TRIM_HORIZON } from '../../../src/core/positions';
import { carriedFrom, dispatchSlice, foldSlice, foldUnknown, initialShardState } from '../../../src/core/shard-state';
import type { ShardWorkflowInput, SliceResult } from '../../../src/core/shard-work';

const timing = { heartbeatTimeoutMs: 10_000, shardSyncIntervalMs: 60_000 };
const input: ShardWorkflowInput = {
  shard: { consumer: 'c', streamName: 's', streamArn: 'arn', createdAtMs: 1, shardId: 'shard-1' },
  parentShardIds: [],
  start: TRIM_HORIZON,
  timing,
  searchAttributes: true,
};
const committed: SliceResult = {
  end: 'interval',
  checkpoint: { position: { at: 'AFTER', sequenceNumber: '7' }, generation: 0, token: 't' },
  runId: 'run-1',
  progress: { totals: { records: 7, bytes: 70, batches: 1 } },
  batches: 1,
  worker: 'worker-a:1',
  timing,
  events: [],
};

describe('the state of a shard workflow', () => {
  it('after an activity that did not tell its state has a claim to make, from the position it had', () => {
    const state = foldUnknown(foldSlice(initialShardState(input), committed), undefined);
    expect(state.belief).toMatchObject({ position: { at: 'AFTER', sequenceNumber: '7' }, token: 't', needClaim: true });
  });

  it('is carried whole into the next run, where activities are counted anew', () => {
    const state = dispatchSlice(foldSlice(initialShardState(input), committed));
    expect(initialShardState({ ...input, carried: carriedFrom(state) })).toEqual({ ...state, activitySeq: 0 });
  });

  it('is still STARTING in the next run when no slice has succeeded: search attributes say so, too', () => {
    const state = foldSlice(initialShardState(input), { ...committed, end: 'fenced', checkpoint: undefined });
    expect(initialShardState({ ...input, carried: carriedFrom(state) }).phase).toBe('STARTING');
  });
});
