import type { TransactWriteItem } from '@aws-sdk/client-dynamodb';
import type { CheckpointRow, CheckpointState, CommitFacts, Writer } from '../core/checkpoint';
import type { ShardIdentity, StreamIncarnation } from '../core/names';
import type { Position } from '../core/positions';
import type { StreamRegistration } from '../core/shard-work';

/** One conditional write of a checkpoint. Sent again it is the same write: same token, same bytes. */
export interface CheckpointWrite {
  readonly shard: ShardIdentity;
  /** Believed state of the row. `absent` is for a claim only: nothing else may create a row. */
  readonly condition: { readonly absent: true } | { readonly token: string };
  readonly next: CheckpointState;
  readonly facts: CommitFacts;
  readonly writer: Writer;
  readonly workflowId: string;
  readonly parentShardIds: readonly string[];
  /** Written with the checkpoint or not at all: what a handler returned, dead letters. At most `MAX_EFFECTS`. */
  readonly effects?: readonly TransactWriteItem[];
}

/** A write beside the checkpoint's. */
export type Effect = TransactWriteItem;

/** DynamoDB's limit of one transaction is 100 actions (API reference, TransactWriteItems); the checkpoint is one of them. */
export const MAX_EFFECTS = 99;

/** A definite answer. `row` is the row that refused the write, as it was; undefined if there is none. */
export type WriteAnswer =
  { readonly kind: 'written' } | { readonly kind: 'refused'; readonly row?: CheckpointRow } | EffectsRefused;

/** The checkpoint's own condition held, but the effects cannot be written: nothing was. */
export interface EffectsRefused {
  readonly kind: 'effectsRefused';
  /** `EFFECT_REFUSED`: a condition among them does not hold. `TRANSACTION_TOO_LARGE`: too many, too large, or two on one item. */
  readonly code: 'EFFECT_REFUSED' | 'TRANSACTION_TOO_LARGE';
  /** Without item data. */
  readonly message: string;
  /** What DynamoDB said; it may quote values. */
  readonly detail?: string;
}

/** A shard that this consumer has recorded, with the position it starts at if it has no checkpoint. */
export interface KnownShard {
  readonly shardId: string;
  readonly parentShardIds: readonly string[];
  readonly start: Position;
  readonly startingHashKey?: string;
  readonly endingHashKey?: string;
}

/** Record of a consumer's first start on one stream incarnation. */
export interface Registration extends StreamRegistration {
  /** True once every shard of the first listing is recorded; shards that appear later begin at TRIM_HORIZON. */
  readonly initialShardsRecorded: boolean;
}

/**
 * Where checkpoints are kept. There is no unconditional write.
 *
 * Every call either gives a definite answer or throws: a retryable `TidemarkError` (`DYNAMODB_UNAVAILABLE`,
 * `THROUGHPUT_EXCEEDED`) leaves a write undecided, and the caller sends the same write again.
 */
export interface CheckpointStore {
  /** The row as it is now (a consistent read); undefined if there is none. @throws `CHECKPOINT_DAMAGED` */
  read(shard: ShardIdentity): Promise<CheckpointRow | undefined>;
  write(write: CheckpointWrite): Promise<WriteAnswer>;
  /** Effects of a replay, without a checkpoint, in one transaction: all or nothing. Undefined if they were written. `id` names the try. */
  writeEffects(effects: readonly Effect[], id: string): Promise<EffectsRefused | undefined>;
  /** Rows of many shards, in the order asked for; undefined where there is none. */
  readMany(shards: readonly ShardIdentity[]): Promise<(CheckpointRow | undefined)[]>;

  /** The registration, made with `registration` if there was none. */
  register(stream: StreamIncarnation, registration: Registration): Promise<Registration>;
  findRegistration(stream: StreamIncarnation): Promise<Registration | undefined>;
  markInitialShardsRecorded(stream: StreamIncarnation): Promise<void>;
  /** Records shards; one that is already recorded keeps its record. */
  recordShards(stream: StreamIncarnation, shards: readonly KnownShard[]): Promise<void>;
  listKnownShards(stream: StreamIncarnation): Promise<KnownShard[]>;
}
