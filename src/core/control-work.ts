/** What crosses the border between workflows and activities when an operator steers a shard. */
import type { CheckpointState } from './checkpoint';
import type { Belief } from './commit-protocol';
import type { Move, PauseRequest, ResumeRequest } from './control';
import type { ShardIdentity, StreamIncarnation } from './names';
import type { Progress, ShardEvent, Timing } from './shard-work';

/** Input of the activities `claimCheckpoint` and `moveCheckpoint`. */
export interface ClaimInput {
  readonly shard: ShardIdentity;
  readonly parentShardIds: readonly string[];
  readonly belief: Belief;
  readonly progress: Progress;
  readonly activitySeq: number;
}

export interface MoveInput extends ClaimInput {
  readonly move: Move;
}

/** Result of the activity `claimCheckpoint`. Without a checkpoint it was fenced: it is to be claimed again. */
export interface ClaimResult {
  readonly checkpoint?: CheckpointState;
  readonly runId: string;
  readonly progress: Progress;
  readonly worker: string;
  readonly timing: Timing;
  readonly events: readonly ShardEvent[];
}

/** Result of the activity `moveCheckpoint`. `superseded`: the checkpoint is that of a later move. */
export interface MoveResult extends ClaimResult {
  readonly outcome: 'moved' | 'superseded' | 'fenced';
}

/** Input of the activity `controlShards`: an order of an operator to all shards that run. */
export type ControlShardsInput = { readonly stream: StreamIncarnation } & (
  | { readonly order: 'pause'; readonly request: PauseRequest }
  | { readonly order: 'resume'; readonly request: ResumeRequest }
);

export interface ControlShardsResult {
  /** Shards that have obeyed. */
  readonly shards: number;
}
