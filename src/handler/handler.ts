import type { TransactWriteItem } from '@aws-sdk/client-dynamodb';
import type { KinesisRecord } from './record';

/** Records of one shard, in order. At least one. `T` is the type of `record.value`: what the schema of the consumer gives. */
export interface Batch<T = unknown> {
  readonly records: readonly KinesisRecord<T>[];
  readonly shardId: string;
  readonly streamName: string;
  /** How far the shard's newest record was ahead when this batch was fetched, milliseconds. */
  readonly millisBehindLatest: number;
}

/** What a handler may want to know beside the records. */
export interface HandlerContext {
  readonly consumer: string;
  /** Which try of this batch this is, from 1. A try that a crash cut short may not have been counted. */
  readonly attempt: number;
  /** Aborts when the batch can no longer be committed: its time is up, or another worker has taken the shard. Not on a graceful stop. */
  readonly signal: AbortSignal;
  /**
   * A whole number that never falls for one shard: every worker that takes the shard over has a larger one. A sink that keeps the largest
   * it has seen per shard, and refuses writes with a smaller one, is safe from a worker that was frozen and does not know that it
   * has lost the shard.
   */
  readonly fence: number;
  /** True while dead letters are handled again. */
  readonly redrive: boolean;
  /** True while a range is replayed beside the live consumer. Idempotency keys are those of the live delivery. */
  readonly replay: boolean;
  /** True in a replay that is only to find what would fail: the handler must write nothing. What it returns is checked and not written. */
  readonly dryRun: boolean;
  /**
   * True where a record that fails for good parks its partition key (`onFailure.parkBy: 'partitionKey'`): a handler that names what failed
   * must not handle records behind it of the same key, but name them as unhandled.
   */
  readonly holdsKeys: boolean;
}

/** A record that was not handled, and why. */
export interface RecordFailure {
  /** A record of the batch, the object itself. */
  readonly record: KinesisRecord;
  /** An error, or a text that is not empty. A `RecordRejectedError` means `retryable: false`. */
  readonly reason: Error | string;
  /**
   * False if the record can never succeed: it is not tried again.
   *
   * @default true
   */
  readonly retryable?: boolean;
}

/** Some records failed: those that are named nowhere were handled, and are not handled again. */
export interface PartialResult {
  /** No record twice. Empty is the same as returning nothing. */
  readonly failures: readonly RecordFailure[];
  /** Records that were not tried because of a failure before them. They are tried again without being counted as failed. */
  readonly unhandled?: readonly KinesisRecord[];
}

/** The batch is handled by these writes, which are made in one transaction with its checkpoint: exactly once. */
export interface TransactResult {
  /** Items as the AWS SDK's low-level client takes them: each a `Put`, `Update`, `Delete` or `ConditionCheck`. At most 99, 4 MB. */
  readonly transact: readonly TransactWriteItem[];
}

/** What a handler may return. Anything else fails the batch, so that a value meant for something else can never pass for success. */
export type HandlerResult = PartialResult | TransactResult | undefined;

/**
 * Handles one batch. The batch counts as handled when the promise resolves to nothing, and as failed when it rejects. A
 * `HandlerResult` says it record by record, or hands over effects.
 */
export type BatchHandler<T = unknown> = (
  batch: Batch<T>,
  context: HandlerContext,
) => Promise<HandlerResult | void> | HandlerResult | void;

/** Handles one record. */
export type RecordHandler<T = unknown> = (record: KinesisRecord<T>, context: HandlerContext) => Promise<void> | void;

/** True for a record that the handler is to get. Another one is counted and passed over. It must not wait for anything. */
export type RecordFilter = (record: KinesisRecord) => boolean;
