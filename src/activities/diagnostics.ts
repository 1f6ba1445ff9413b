import { channel } from 'node:diagnostics_channel';
import type { CheckpointState, Writer } from '../core/checkpoint';
import type { MirrorDrift } from '../core/commit-protocol';
import type { ErrorCode } from '../core/errors';
import type { ShardIdentity } from '../core/names';
import type { Position } from '../core/positions';
import type { SubscriptionStep } from '../kinesis/shard-feed';
import type { Halt } from '../core/halt';
import type { Progress, ShardEvent, SliceEnd } from '../core/shard-work';

/** Published on `tidemark:claimed` after DynamoDB has confirmed that an execution has taken a checkpoint. */
export interface ClaimedMessage {
  readonly shard: ShardIdentity;
  readonly writer: Writer;
  readonly checkpoint: CheckpointState;
  /** Token of the row that was taken over; null where the row was created. */
  readonly previousToken: string | null;
  /** How the row differed from what the workflow believed, if it did. */
  readonly drift?: MirrorDrift;
  /** `process.hrtime.bigint()` before the write was sent. */
  readonly sentAtNs: bigint;
}

/** Published on `tidemark:committed` after DynamoDB has confirmed a commit. */
export interface CommittedMessage {
  readonly shard: ShardIdentity;
  readonly writer: Writer;
  readonly from: Position;
  readonly checkpoint: CheckpointState;
  readonly previousToken: string;
  readonly records: number;
  /** What was known of the shard before this commit, and since. */
  readonly before: Progress;
  readonly progress: Progress;
  /** `process.hrtime.bigint()` before the write was first sent. */
  readonly sentAtNs: bigint;
}

/** Published on `tidemark:fenced` when a commit or claim was refused because another execution has moved the checkpoint. */
export interface FencedMessage {
  readonly shard: ShardIdentity;
  readonly writer: Writer;
  /** Records of the commit that was refused: handled here, and by the other execution; 0 of a claim. */
  readonly records: number;
}

/** Published on `tidemark:suppressed` when a run of the handler is not given records because they were handled before. */
export interface SuppressedMessage {
  readonly shard: ShardIdentity;
  readonly records: number;
}

/** Published on `tidemark:sliceBegun` when this process begins to work on a shard. */
export interface SliceBegunMessage {
  readonly shard: ShardIdentity;
  readonly progress: Progress;
}

/** Published on `tidemark:sliceEnded`. Without `end` it failed, with `code`. */
export interface SliceEndedMessage {
  readonly shard: ShardIdentity;
  /** `paused`: by an operator, in Temporal. */
  readonly end?: SliceEnd | 'paused';
  readonly code?: ErrorCode;
  /** How long the failure policy waits before the records are tried again. */
  readonly retryAfterMs?: number;
  /** The shard waits because of a record that was given up. */
  readonly halt?: Halt;
}

/** Published on `tidemark:opened` when reading of a shard begins. */
export interface OpenedMessage {
  readonly shard: ShardIdentity;
  readonly retentionMs: number;
}

/** Published on `tidemark:pageRead` for each answer of Kinesis. */
export interface PageReadMessage {
  readonly shard: ShardIdentity;
  readonly records: number;
  readonly millisBehindLatest: number;
  /** Of the first record, epoch milliseconds. */
  readonly firstArrivalMs?: number;
  readonly lastSequenceNumber?: string;
}

/** Published on `tidemark:kinesisFailed` for each call about a shard that failed after the SDK's own retries. */
export interface KinesisFailedMessage {
  readonly shard: ShardIdentity;
  readonly operation: 'getRecords' | 'getShardIterator' | 'subscribeToShard';
  readonly code: ErrorCode;
}

/** Published on `tidemark:subscription` about a shard that is read by enhanced fan-out. */
export interface SubscriptionMessage {
  readonly shard: ShardIdentity;
  /** `polling`: there is no stream consumer, and the shard is polled. */
  readonly step: SubscriptionStep | 'polling';
}

/** Published on `tidemark:handlerRun` after each run of a user's filter, schema and handler. */
export interface HandlerRunMessage {
  readonly shard: ShardIdentity;
  /** `handled`: no record failed. `partial`: some did. The others: as `BatchFailedError` has them; `lost`: anything else. */
  readonly outcome: 'handled' | 'partial' | 'failed' | 'timeout' | 'died' | 'rejected' | 'lost';
  /** Records that the run was given. */
  readonly records: number;
  readonly bytes: number;
  readonly durationMs: number;
  /** True of dead letters that are handled again. */
  readonly redrive: boolean;
}

/** Published on `tidemark:trouble` for each failed call that is waited out, and without `code` when calls succeed again. */
export interface TroubleMessage {
  readonly shard: ShardIdentity;
  /** `checkpoint`: a write or read of the checkpoint is sent again. */
  readonly of: 'checkpoint' | 'other';
  readonly code?: ErrorCode;
}

/** Published on `tidemark:event` for everything that becomes an event of the shard: data loss, and steps of the failure policy. */
export interface ShardEventMessage {
  readonly shard: ShardIdentity;
  readonly event: ShardEvent;
}

/** All channels, by the name after `tidemark:`. */
export interface DiagnosticMessages {
  readonly claimed: ClaimedMessage;
  readonly committed: CommittedMessage;
  readonly fenced: FencedMessage;
  readonly suppressed: SuppressedMessage;
  readonly sliceBegun: SliceBegunMessage;
  readonly sliceEnded: SliceEndedMessage;
  readonly opened: OpenedMessage;
  readonly pageRead: PageReadMessage;
  readonly kinesisFailed: KinesisFailedMessage;
  readonly subscription: SubscriptionMessage;
  readonly handlerRun: HandlerRunMessage;
  readonly trouble: TroubleMessage;
  readonly event: ShardEventMessage;
}

/** `node:diagnostics_channel` channels: they cost nothing while nobody listens. */
export const claimedChannel = channel('tidemark:claimed');
export const committedChannel = channel('tidemark:committed');
export const fencedChannel = channel('tidemark:fenced');
export const suppressedChannel = channel('tidemark:suppressed');
export const sliceBegunChannel = channel('tidemark:sliceBegun');
export const sliceEndedChannel = channel('tidemark:sliceEnded');
export const openedChannel = channel('tidemark:opened');
export const pageReadChannel = channel('tidemark:pageRead');
export const kinesisFailedChannel = channel('tidemark:kinesisFailed');
export const subscriptionChannel = channel('tidemark:subscription');
export const handlerRunChannel = channel('tidemark:handlerRun');
export const troubleChannel = channel('tidemark:trouble');
export const eventChannel = channel('tidemark:event');
