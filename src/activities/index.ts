/** Activities: the effects of Tidemark. Workflows import this as types only. */
import type { RedriveInput, RedriveResult } from '../core/redrive';
import type { PlanReplayInput, PlanReplayResult, ReplaySliceInput, ReplaySliceResult } from '../core/replay';
import type {
  ClaimInput,
  ClaimResult,
  ControlShardsInput,
  ControlShardsResult,
  MoveInput,
  MoveResult,
} from '../core/control-work';
import type {
  SliceInput,
  SliceResult,
  StopShardsInput,
  StopShardsResult,
  SyncInput,
  SyncResult,
} from '../core/shard-work';
import type { ActivityDependencies } from './dependencies';
import { createControlShards } from './control-shards';
import { createClaimCheckpoint, createMoveCheckpoint } from './move-checkpoint';
import { createPlanReplay } from './plan-replay';
import { createProcessBatches } from './process-batches';
import { createRedriveDeadLetters } from './redrive-dead-letters';
import { createReplayShard } from './replay-shard';
import { createStopShards } from './stop-shards';
import { createSyncShards } from './sync-shards';
import { toFailure } from './to-failure';

export type { ActivityDependencies, ConsumerRuntime } from './dependencies';

/** The activities that Tidemark's workflows call. Their names persist in histories. */
export interface Activities {
  readonly processBatches: (input: SliceInput) => Promise<SliceResult>;
  readonly syncShards: (input: SyncInput) => Promise<SyncResult>;
  readonly stopShards: (input: StopShardsInput) => Promise<StopShardsResult>;
  readonly claimCheckpoint: (input: ClaimInput) => Promise<ClaimResult>;
  readonly moveCheckpoint: (input: MoveInput) => Promise<MoveResult>;
  readonly controlShards: (input: ControlShardsInput) => Promise<ControlShardsResult>;
  readonly redriveDeadLetters: (input: RedriveInput) => Promise<RedriveResult>;
  readonly planReplay: (input: PlanReplayInput) => Promise<PlanReplayResult>;
  readonly replayShard: (input: ReplaySliceInput) => Promise<ReplaySliceResult>;
}

/** The activities over the given services, as a worker registers them. Every failure that leaves one has a Tidemark code as its type. */
export function createActivitiesFrom(dependencies: ActivityDependencies): Activities {
  return {
    processBatches: atTheEdge(createProcessBatches(dependencies)),
    syncShards: atTheEdge(createSyncShards(dependencies)),
    stopShards: atTheEdge(createStopShards(dependencies)),
    claimCheckpoint: atTheEdge(createClaimCheckpoint(dependencies)),
    moveCheckpoint: atTheEdge(createMoveCheckpoint(dependencies)),
    controlShards: atTheEdge(createControlShards(dependencies)),
    redriveDeadLetters: atTheEdge(createRedriveDeadLetters(dependencies)),
    planReplay: atTheEdge(createPlanReplay(dependencies)),
    replayShard: atTheEdge(createReplayShard(dependencies)),
  };
}

function atTheEdge<Input, Result>(activity: (input: Input) => Promise<Result>): (input: Input) => Promise<Result> {
  return async (input) => {
    try {
      return await activity(input);
    } catch (error) {
      throw toFailure(error);
    }
  };
}
