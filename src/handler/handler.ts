import type { KinesisRecord } from './record';

/** Records of one shard, in order. At least one. */
export interface Batch {
  readonly records: readonly KinesisRecord[];
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
}

/**
 * Handles one batch. The batch is committed when the returned promise resolves, and tried again when it rejects.
 * It must resolve to nothing: any value is refused, so that a result meant for something else can never pass for success.
 */
export type BatchHandler = (batch: Batch, context: HandlerContext) => Promise<void> | void;

/** Handles one record. */
export type RecordHandler = (record: KinesisRecord, context: HandlerContext) => Promise<void> | void;
