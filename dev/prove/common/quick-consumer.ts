import type { ConsumerOptions } from '../../../src';
import type { World } from './world';

/** Short intervals, so that a run sees many take-overs, slices and listings. */
export function quickConsumer({ streamName, tableName }: World, name = 'prove'): ConsumerOptions {
  return {
    name,
    stream: streamName,
    startFrom: 'TRIM_HORIZON',
    tableName,
    maxBatchRecords: 200,
    pollIntervalMs: 200,
    historyIntervalMs: 2_000,
    heartbeatTimeoutMs: 3_000,
    shardSyncIntervalMs: 5_000,
  };
}
