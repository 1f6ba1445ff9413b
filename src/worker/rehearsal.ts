import { defaultPayloadConverter } from '@temporalio/common';
import { ZERO_TOTALS } from '../core/checkpoint';
import { workflowTypes, type ShardIdentity } from '../core/names';
import { defaultConsumerOptions } from '../core/option-values';
import { TRIM_HORIZON } from '../core/positions';
import type { ShardWorkflowInput, SliceResult } from '../core/shard-work';

const RUN_ID = 'rehearsal';
const TIMING = {
  heartbeatTimeoutMs: defaultConsumerOptions.heartbeatTimeoutMs,
  shardSyncIntervalMs: defaultConsumerOptions.shardSyncIntervalMs,
};

const SHARD: ShardIdentity = {
  consumer: RUN_ID,
  streamName: RUN_ID,
  streamArn: `arn:aws:kinesis:us-east-1:000000000000:stream/${RUN_ID}`,
  createdAtMs: 0,
  shardId: 'shardId-000000000000',
};

/**
 * Activations of a shard's workflow, as the core hands them to the SDK: it starts and asks for a slice, the slice ends and it asks for the
 * next one, and it leaves the cache. A shard that is taken over begins with just these.
 */
export function rehearsalOf(taskQueue: string): readonly object[] {
  const input: ShardWorkflowInput = {
    shard: SHARD,
    parentShardIds: [],
    start: TRIM_HORIZON,
    timing: TIMING,
    searchAttributes: true,
  };
  const start = {
    workflowId: `${taskQueue}/${RUN_ID}`,
    workflowType: workflowTypes.shard,
    arguments: [payloadOf(input)],
    randomnessSeed: 1,
    attempt: 1,
    firstExecutionRunId: RUN_ID,
    startTime: { seconds: 1 },
    workflowTaskTimeout: { seconds: 10 },
  };
  return [
    activation([{ initializeWorkflow: start }]),
    activation([{ resolveActivity: { seq: 1, result: { completed: { result: payloadOf(SLICE) } } } }]),
    activation([{ removeFromCache: { message: RUN_ID } }]),
  ];
}

const SLICE: SliceResult = {
  end: 'handOver',
  checkpoint: { position: { at: 'AFTER', sequenceNumber: '1' }, generation: 0, token: RUN_ID },
  runId: RUN_ID,
  progress: {
    totals: { ...ZERO_TOTALS, records: 1_000, batches: 1, bytes: 1_000 },
    millisBehindLatest: 0,
    committedAtMs: 1,
  },
  batches: 1,
  worker: RUN_ID,
  timing: TIMING,
  events: [],
  streak: null,
};

function activation(jobs: readonly object[]): object {
  return { runId: RUN_ID, timestamp: { seconds: 1 }, historyLength: 3, jobs };
}

function payloadOf(value: unknown): object {
  return defaultPayloadConverter.toPayload(value);
}
