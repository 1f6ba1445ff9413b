import type { IteratorStart } from '../core/read-start';
import type { PlacedRecord } from '../core/record-name';
import type { Shard } from '../core/shard-graph';

/** Identity and state of a stream. */
export interface StreamDescription {
  readonly streamName: string;
  readonly streamArn: string;
  /** `StreamCreationTimestamp`, epoch milliseconds: differs when a stream is created again under the same name. */
  readonly createdAtMs: number;
  readonly status: string;
  readonly retentionMs: number;
  /** Clock of the service when it answered (the `Date` header), epoch milliseconds; the local clock where it sends none. */
  readonly serviceNowMs: number;
}

/**
 * One record as Kinesis returned it, or one user record of an aggregate. `data` may be a view of the page: it must not be kept beyond the
 * batch.
 */
export interface RawRecord extends PlacedRecord {
  readonly partitionKey: string;
  readonly data: Uint8Array;
  /** Only of a user record, if its producer gave one: decimal string. */
  readonly explicitHashKey?: string;
  /** Approximate arrival time, epoch milliseconds. */
  readonly arrivalMs: number;
}

/** Answer of one GetRecords call. */
export interface Page {
  readonly records: readonly RawRecord[];
  /** Undefined at the end of a closed shard. */
  readonly nextIterator?: string;
  readonly millisBehindLatest: number;
  /** Only at the end of a closed shard, and not from every endpoint. */
  readonly childShards: readonly ChildShard[];
  /** What the payloads are views of, where that is used again. */
  readonly memory?: {
    readonly bytes: number;
    /** To be called once the records are done with. What somebody may look at still stays (`keepPayload`). It may be left out. */
    readonly giveBack: () => void;
  };
}

export interface ChildShard {
  readonly shardId: string;
  readonly parentShardIds: readonly string[];
}

/** Names the stream in every call: by ARN where one is known, because a name means another stream in another account. */
export interface StreamHandle {
  readonly streamName: string;
  readonly streamArn?: string;
}

/**
 * What Tidemark needs of Kinesis. Errors are `TidemarkError`s:
 * `STREAM_NOT_FOUND` (also a shard that is unknown: Kinesis does not tell them apart), `ITERATOR_EXPIRED`, `INVALID_SEQUENCE_NUMBER`,
 * `THROUGHPUT_EXCEEDED` (also LimitExceeded and KMS throttling), `ACCESS_DENIED`, `CREDENTIALS_MISSING`, `KINESIS_UNAVAILABLE`
 * (network, time-outs, 5xx).
 */
export interface KinesisPort {
  describeStream(stream: StreamHandle): Promise<StreamDescription>;
  /** Every shard, all pages; a listing that breaks off half-way starts anew and never returns a part. */
  listShards(stream: StreamHandle): Promise<Shard[]>;
  getShardIterator(stream: StreamHandle, shardId: string, start: IteratorStart): Promise<string>;
  getRecords(stream: StreamHandle, iterator: string, limit: number, signal?: AbortSignal): Promise<Page>;
}
