import { ApplicationFailure, defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import { messageNames } from '../core/names';
import type { ControlRequest, MoveRequest, PauseRequest, Refusal, ResumeRequest } from '../core/control';
import type { ControlShardsResult } from '../core/control-work';
import type { ParkedRequest, ShardStatus, StopShardsResult, StreamStatus } from '../core/shard-work';

/** Stops a shard at its next commit; answers with where it stands. */
export const stopShardUpdate = defineUpdate<ShardStatus, [ControlRequest]>(messageNames.stop);
/** Stops a consumer: all its shards, then the stream workflow. */
export const stopStreamUpdate = defineUpdate<StopShardsResult, [ControlRequest]>(messageNames.stop);
/** Tries again what is parked; answers once the order was carried out. */
export const retryParkedUpdate = defineUpdate<ShardStatus, [ParkedRequest]>(messageNames.retryParked);
/** Sets the parked record aside for good. */
export const skipParkedUpdate = defineUpdate<ShardStatus, [ParkedRequest]>(messageNames.skipParked);
/** Stops reading at the next commit, until it is resumed; answers with where it stands. */
export const pauseShardUpdate = defineUpdate<ShardStatus, [PauseRequest]>(messageNames.pause);
export const resumeShardUpdate = defineUpdate<ShardStatus, [ResumeRequest]>(messageNames.resume);
/** Moves the checkpoint of a shard; answers once it stands there. */
export const moveCheckpointUpdate = defineUpdate<ShardStatus, [MoveRequest]>(messageNames.moveCheckpoint);
/** Pauses a consumer: its shards, and those that are to come. */
export const pauseStreamUpdate = defineUpdate<ControlShardsResult, [PauseRequest]>(messageNames.pause);
export const resumeStreamUpdate = defineUpdate<ControlShardsResult, [ResumeRequest]>(messageNames.resume);
/** A shard has failed for good, and the failure policy is to stop the consumer. */
export const shardFailedSignal = defineSignal<[shardId: string, message: string]>(messageNames.shardFailed);
/** A shard is at SHARD_END: its children may start. */
export const shardFinishedSignal = defineSignal<[shardId: string]>(messageNames.shardFinished);
export const shardStatusQuery = defineQuery<ShardStatus>(messageNames.shardStatus);
export const streamStatusQuery = defineQuery<StreamStatus>(messageNames.streamStatus);

/** What a validator does about a refused request. */
export function reject(refusal: Refusal | undefined): void {
  if (refusal) throw ApplicationFailure.nonRetryable(refusal.message, refusal.code);
}

/** Validator of what an operator asks for. It gets whatever somebody typed. */
export function requireName(request: Partial<ControlRequest> | undefined): void {
  const { by } = request ?? {};
  if (typeof by === 'string' && by !== '') return;
  throw ApplicationFailure.nonRetryable('A request must say who makes it: { by, reason }', 'INVALID_OPTION');
}
