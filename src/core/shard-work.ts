/** What crosses the border between workflows and activities: small, JSON-safe, never a record. */
import type { CheckpointState, Totals } from './checkpoint';
import type { Belief } from './commit-protocol';
import type { ControlRequest, ControlStep, Move, MoveNote, Pause, Pauses } from './control';
import type { ErrorCode } from './errors';
import type { FailureStreak } from './failure-policy';
import type { AcceptedLoss, Halt, LossHalt } from './halt';
import type { ShardIdentity, StreamIncarnation } from './names';
import type { Position } from './positions';
import type { DataLoss } from './read-start';
import type { RetentionView, RiskStep } from './retention-clock';

export type { Halt } from './halt';

/** Timing that the workflow needs and the worker's code decides: each activity result brings the current values, so a deploy changes them. */
export interface Timing {
  readonly heartbeatTimeoutMs: number;
  readonly shardSyncIntervalMs: number;
}

/** Input of the activity `processBatches`. */
export interface SliceInput {
  readonly shard: ShardIdentity;
  readonly parentShardIds: readonly string[];
  readonly belief: Belief;
  readonly progress: Progress;
  /** Counts the activities of this run that may write the checkpoint, from 1. */
  readonly activitySeq: number;
  /** Failures of the records at the current position so far. */
  readonly streak?: FailureStreak;
  /** What operators did since the last slice, for the history of the checkpoint. */
  readonly noted?: readonly ShardEvent[];
  /** What an operator wants done with a parked shard or partition key, before anything else. */
  readonly order?: ParkedOrder;
  /** An operator has accepted that retention took what came after the checkpoint. */
  readonly isLossAccepted?: boolean;
  /** The last execution saw the shard at risk of losing records. */
  readonly wasAtRisk?: boolean;
}

/** What an operator asks about something parked. */
export interface ParkedRequest extends ControlRequest {
  /** Only the records of the partition key with this digest; left out for the shard itself, or to retry every parked key. */
  readonly keyDigest?: string;
  /** Only if the shard is parked at just this record (its name): what somebody looked at may have changed meanwhile. */
  readonly sequenceNumber?: string;
  /** A skip of what retention took: only if the shard waits because of that. */
  readonly acceptLoss?: boolean;
}

/** An operator's order about what is parked. */
export interface ParkedOrder extends ParkedRequest {
  /** `retry`: try it again. `skip`: set the failing record aside for good and go on behind it. */
  readonly kind: 'retry' | 'skip';
  readonly atMs: number;
}

/** What is known of a shard beside its checkpoint state. Times are epoch milliseconds. */
export interface Progress {
  readonly totals: Totals;
  readonly lastArrivalMs?: number;
  readonly caughtUpAtMs?: number;
  readonly committedAtMs?: number;
  readonly millisBehindLatest?: number;
  /** Partition keys that are parked. */
  readonly parkedKeys?: number;
}

/** Why a slice ended without an error. */
export type SliceEnd = 'interval' | 'cancelled' | 'handOver' | 'shardEnd' | 'fenced';

/** Result of the activity `processBatches`. With `end: 'fenced'` there is no checkpoint: the next activity claims. */
export interface SliceResult {
  readonly end: SliceEnd;
  readonly checkpoint?: CheckpointState;
  readonly runId: string;
  readonly progress: Progress;
  readonly batches: number;
  readonly worker: string;
  readonly timing: Timing;
  /** Things that an operator should see, oldest first. */
  readonly events: readonly ShardEvent[];
  readonly childShardIds?: readonly string[];
  /** Records under suspicion that the slice left behind; null if there are none. */
  readonly streak?: FailureStreak | null;
  /** True once `SliceInput.order` was carried out. */
  readonly orderDone?: boolean;
  /** True if nothing was parked that the order is about: its asker is told. */
  readonly orderMissed?: boolean;
  /** Left out where nothing was read. */
  readonly retention?: RetentionView;
}

/** Details of a `HANDLER_FAILED` failure: the decided checkpoint state like a normal result, and what comes next. */
export interface HandlerFailure extends Omit<SliceResult, 'end'> {
  readonly checkpoint: CheckpointState;
  readonly streak: FailureStreak;
  readonly retryAfterMs: number;
  readonly error: ErrorNote;
  readonly halt?: Halt;
}

/** Details of a `DATA_LOST` failure: nothing was read. */
export interface LossFailure extends Omit<HandlerFailure, 'streak'> {
  /** What was under suspicion before. */
  readonly streak?: FailureStreak;
  readonly halt: LossHalt;
}

/** Details of every other failure that ends a shard's workflow or needs an operator. */
export interface ErrorNote {
  readonly code: ErrorCode;
  readonly message: string;
  readonly atMs: number;
}

export type ShardEvent =
  | { readonly kind: 'claimed'; readonly atMs: number; readonly adopted: 'none' | 'row' | 'input' | 'created' }
  | ({ readonly kind: 'dataLoss'; readonly atMs: number } & DataLoss)
  | { readonly kind: 'fenced'; readonly atMs: number }
  /** User records of aggregates that belong to other shards were passed over. */
  | { readonly kind: 'leftOut'; readonly atMs: number; readonly records: number }
  /** An operator accepts a loss: reading goes on behind it. */
  | ({ readonly kind: 'lossAccepted'; readonly atMs: number } & ControlRequest & Pick<DataLoss, 'fromMs' | 'toMs'>)
  | RiskStep
  | ControlStep
  | FailureStep;

/** A step of the failure policy, with its reason. Records are named by their sequence numbers only, `seq` or `seq.sub`. */
export type FailureStep =
  | ({ readonly kind: 'retry'; readonly attempt: number; readonly of: number; readonly delayMs: number } & StepRange)
  /** The range was cut: its first `size` records are tried next. */
  | ({ readonly kind: 'cut'; readonly size: number } & StepRange)
  /** An execution died on the range. */
  | ({ readonly kind: 'died'; readonly deaths: number } & StepRange)
  | ({ readonly kind: 'deadLettered'; readonly attempts: number } & StepRecord)
  | ({ readonly kind: 'parked'; readonly by: 'shard' | 'partitionKey' } & StepRecord)
  | ({ readonly kind: 'skipped'; readonly by: string; readonly reason?: string } & StepRecord)
  /** What was parked is tried again: by an operator, or because its time is over. */
  | { readonly kind: 'unparked'; readonly atMs: number; readonly by: string; readonly reason?: string }
  /** The record that was to be skipped is no longer in the stream. */
  | { readonly kind: 'gone'; readonly atMs: number; readonly sequenceNumber: string }
  /** A parked partition key is through: its records were handled in order. */
  | { readonly kind: 'drained'; readonly atMs: number; readonly records: number };

export interface StepRange {
  readonly atMs: number;
  /** Checkpoint before the range. */
  readonly after: string;
  readonly through: string;
  readonly records: number;
  readonly code: ErrorCode;
}

export interface StepRecord {
  readonly atMs: number;
  readonly sequenceNumber: string;
  readonly code: ErrorCode;
  /** So many records before it, of which the same is to be told: where there are too many for an event of each. */
  readonly others?: number;
}

/** State of a shard as people see it: in status, search attributes, the Web UI and the checkpoint item. */
export type ShardPhase = 'STARTING' | 'READING' | 'RETRYING' | 'PARKED' | 'PAUSED' | 'STOPPED' | 'FINISHED' | 'FAILED';

/** Input of the shard workflow; `carried` only after continue-as-new. */
export interface ShardWorkflowInput {
  readonly shard: ShardIdentity;
  readonly parentShardIds: readonly string[];
  /** Where the shard begins if it has no checkpoint. */
  readonly start: Position;
  readonly timing: Timing;
  /** Search attributes are upserted only where the namespace has them. */
  readonly searchAttributes: boolean;
  /** Paused from its start: the consumer is. */
  readonly pause?: Pause;
  /** Continue as new at this many history events instead of when the server suggests it. For tests. */
  readonly maxHistoryEvents?: number;
  readonly carried?: ShardCarried;
}

export interface ShardCarried {
  readonly phase: ShardPhase;
  readonly belief: Belief;
  readonly progress: Progress;
  readonly slices: number;
  readonly streak?: FailureStreak;
  readonly lastError?: ErrorNote;
  readonly lastEvent?: ShardEvent;
  /** The last few events, oldest first. */
  readonly recentEvents?: readonly ShardEvent[];
  readonly halt?: Halt;
  readonly acceptedLoss?: AcceptedLoss;
  readonly retention?: RetentionView;
  readonly order?: ParkedOrder;
  readonly pauses?: Pauses;
  /** Accepted, and not carried out yet. */
  readonly move?: Move;
  readonly lastMove?: MoveNote;
  /** Pauses and resumes that the history of the checkpoint does not have yet. */
  readonly noted?: readonly ShardEvent[];
  readonly worker?: string;
}

/** Answer of the shard's status query. */
export interface ShardStatus {
  readonly shardId: string;
  readonly phase: ShardPhase;
  readonly position: Position;
  readonly generation: number;
  readonly progress: Progress;
  /** Failures of the current batch in a row. */
  readonly failures: number;
  readonly slices: number;
  readonly lastError?: ErrorNote;
  readonly lastEvent?: ShardEvent;
  readonly recentEvents?: readonly ShardEvent[];
  readonly streak?: FailureStreak;
  /** Why the shard waits for an operator. */
  readonly halt?: Halt;
  /** How near it is to losing records, as the last execution that read saw it. */
  readonly retention?: RetentionView;
  /** Asked for; in force once the phase is `PAUSED`. */
  readonly pause?: Pause;
  readonly lastMove?: MoveNote;
  /** Identity of the worker that ran the last slice. */
  readonly worker?: string;
}

/** Result of a finished shard workflow. */
export interface ShardResult {
  readonly phase: 'FINISHED' | 'STOPPED';
  readonly position: Position;
  readonly records: number;
  /** Left out, like `progress`, by workflows that ended with an earlier version. */
  readonly generation?: number;
  readonly progress?: Progress;
}

/** How a consumer first started on a stream incarnation: kept in DynamoDB, and here in case it is lost there. */
export interface StreamRegistration {
  /** Where shards begin that existed then: `LATEST` is already a time. */
  readonly start: Position;
  /** The start position as the user asked for it. */
  readonly requestedStart: string;
  readonly registeredAtMs: number;
}

/** Input of the stream workflow. */
export interface StreamWorkflowInput {
  readonly stream: StreamIncarnation;
  readonly registration: StreamRegistration;
  readonly timing: Timing;
  readonly searchAttributes: boolean;
  readonly maxHistoryEvents?: number;
  readonly carried?: { readonly lastSync?: SyncResult; readonly pause?: Pause };
}

export interface SyncInput {
  readonly stream: StreamIncarnation;
  readonly registration: StreamRegistration;
  readonly searchAttributes: boolean;
  /** Shards that are started now begin paused. */
  readonly pause?: Pause;
}

/** Result of the activity `syncShards`: counts and a few ids, because a stream may have thousands of shards. */
export interface SyncResult {
  readonly listed: number;
  readonly running: number;
  readonly finished: number;
  readonly waiting: number;
  /** Ids of shards that retention took before they were finished; at most 20 are named. */
  readonly expired: readonly string[];
  readonly expiredCount: number;
  readonly atMs: number;
  readonly timing: Timing;
}

/** Input of the activity `stopShards`. */
export interface StopShardsInput {
  readonly stream: StreamIncarnation;
  readonly request: ControlRequest;
}

export interface StopShardsResult {
  readonly stopped: number;
}

export interface StreamStatus {
  readonly stream: StreamIncarnation;
  readonly stopping: boolean;
  readonly pause?: Pause;
  readonly lastSync?: SyncResult;
  readonly lastError?: ErrorNote;
}
