import { ApplicationFailure, defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import { messageNames } from '../core/names';
import type { ControlRequest, ShardStatus, StopShardsResult, StreamStatus } from '../core/shard-work';

/** Stops a shard at its next commit; answers with where it stands. */
export const stopShardUpdate = defineUpdate<ShardStatus, [ControlRequest]>(messageNames.stop);
/** Stops a consumer: all its shards, then the stream workflow. */
export const stopStreamUpdate = defineUpdate<StopShardsResult, [ControlRequest]>(messageNames.stop);
/** A shard is at SHARD_END: its children may start. */
export const shardFinishedSignal = defineSignal<[shardId: string]>(messageNames.shardFinished);
export const shardStatusQuery = defineQuery<ShardStatus>(messageNames.shardStatus);
export const streamStatusQuery = defineQuery<StreamStatus>(messageNames.streamStatus);

/** Validator of a stop. It gets whatever somebody typed. */
export function requireName(request: Partial<ControlRequest> | undefined): void {
  const { by } = request ?? {};
  if (typeof by === 'string' && by !== '') return;
  throw ApplicationFailure.nonRetryable('A stop must say who asks for it: { by, reason }', 'INVALID_OPTION');
}
