import type { FailureOptions } from './failure-options';
import type { FanOutOptions } from './fan-out-options';
import type { ReadBudget } from './read-budget';

/** Where a consumer begins a stream that it has never read. */
export type StartFrom = 'TRIM_HORIZON' | 'LATEST' | { readonly timestamp: Date | string | number };

/** In which form records are read: AWS's binary one, JSON, or the first that the endpoint knows. */
export type WireFormat = 'auto' | 'cbor' | 'json';

/** AWS credentials, structurally those of the AWS SDK. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

/** Overrides of what the AWS SDK finds by itself in environment, profile and role. */
export interface AwsOptions {
  /**
   * AWS region of stream and table.
   *
   * @default the region of a stream ARN, else what the AWS SDK finds (`AWS_REGION`, profile)
   */
  readonly region?: string;
  /**
   * Address of Kinesis.
   *
   * @default what the AWS SDK finds (`AWS_ENDPOINT_URL_KINESIS`, profile), else AWS
   */
  readonly kinesisEndpoint?: string;
  /**
   * Address of DynamoDB.
   *
   * @default what the AWS SDK finds (`AWS_ENDPOINT_URL_DYNAMODB`, profile), else AWS
   */
  readonly dynamodbEndpoint?: string;
  /**
   * Credentials or a function that gives them.
   *
   * @default what the AWS SDK finds: environment, profile, role
   */
  readonly credentials?: AwsCredentials | (() => Promise<AwsCredentials>);
}

/** Options of a consumer, without its handler. Times are in milliseconds, sizes in bytes. */
export interface ConsumerOptions {
  /**
   * Identity of the consumer: with the stream it names workflows, task queue and checkpoints.
   *
   * Two deployments with the same name share one set of checkpoints; another name starts anew. 1 to 128 letters, digits, `_.-`.
   */
  readonly name: string;
  /**
   * Name or ARN of the Kinesis data stream.
   *
   * An ARN also sets the region, and must be used for a stream of another account.
   */
  readonly stream: string;
  /**
   * Where to begin a stream that this consumer has never read: the oldest record (`TRIM_HORIZON`), records that arrive from
   * now on (`LATEST`), or records that arrived at or after a time (`{ timestamp }`: a Date, an ISO 8601 string or epoch milliseconds).
   *
   * Used once: `LATEST` is turned into a time and stored before the first fetch, so a restart before the first checkpoint loses
   * nothing. Afterwards checkpoints decide, and a different value is refused. There is no default: both are wrong for somebody.
   */
  readonly startFrom: StartFrom;
  /**
   * Largest number of records in one batch.
   *
   * More records cost less per record, down to about 2,000; a batch is also what repeats after a crash, so a slow handler is better off with fewer.
   * Kinesis returns at most 10,000 records a call.
   *
   * @minimum 1
   * @maximum 10000
   * @default 2000
   */
  readonly maxBatchRecords?: number;
  /**
   * Largest total data size of one batch, in bytes. A single larger record still makes a batch of its own.
   *
   * Bounds memory: a shard holds up to two pages of Kinesis (10 MB each) beside its batch.
   *
   * @minimum 1024
   * @maximum 67108864
   * @default 5242880
   */
  readonly maxBatchBytes?: number;
  /**
   * Longest time that a batch waits to fill, from its first record on, in milliseconds. 0 hands over what one fetch brought.
   *
   * Raise it for fewer, larger batches on a quiet stream; it adds to latency.
   *
   * @minimum 0
   * @maximum 60000
   * @default 0
   */
  readonly maxBatchWaitMs?: number;
  /**
   * Time between the starts of two polls of a shard that is read up to its newest record, while records come, in milliseconds. A shard
   * that lags is read without a pause, as far as `readBudget` allows.
   *
   * It adds half of itself to the latency of a record on average. Kinesis allows 5 reads per second and shard, shared by all polling
   * consumers: the default leaves one of them to others.
   *
   * @minimum 200
   * @maximum 60000
   * @default 250
   */
  readonly pollIntervalMs?: number;
  /**
   * What `pollIntervalMs` grows to while no records come, in milliseconds: it begins to grow after 2 seconds of silence, and the first
   * record ends it. A smaller value than `pollIntervalMs` has no effect.
   *
   * @minimum 200
   * @maximum 60000
   * @default 1000
   */
  readonly idlePollIntervalMs?: number;
  /**
   * What this consumer may read of each shard: `{ callsPerSecond, bytesPerSecond }`, either of which may be left out, or `off`.
   *
   * AWS allows each shard 5 calls and 2 MB a second for all polling consumers together, and throttles what is over that. With n polling
   * consumers give each its share: 5/n calls and 2,000,000/n bytes. An endpoint that is not AWS's (an emulator) has no limit unless one is given.
   *
   * @default 4 calls and 2,000,000 bytes a second; `off` where the endpoint is not AWS's
   */
  readonly readBudget?: Partial<ReadBudget> | 'off';
  /**
   * Reads by enhanced fan-out instead of by polling: `{}` turns it on. Kinesis pushes records within about 70 ms, at 2 MB a second and
   * shard of the consumer's own, and AWS charges for both shard-hours and data.
   *
   * @default off: shards are polled
   */
  readonly fanOut?: FanOutOptions;
  /**
   * How fine Temporal's history of a busy shard is, in milliseconds: one activity per interval. 0 gives one activity per
   * committed batch. DynamoDB is written after every batch in any case. A shard without records
   * has one per 5 minutes at most, and one per minute at most where there is something to tell.
   *
   * One activity costs 6 history events. At 5 batches a second an activity per batch costs a Temporal server about 134 CPU-seconds
   * per shard-hour, one per 10 s about 4.
   *
   * @minimum 0
   * @maximum 3600000
   * @default 10000
   */
  readonly historyIntervalMs?: number;
  /**
   * Time between two listings of the stream's shards, in milliseconds. The end of a shard causes a listing at once, so this
   * only bounds how late a change is noticed that no shard of this consumer reports.
   *
   * ListShards allows 1,000 calls per second and stream, and returns 1,000 shards per call.
   *
   * @minimum 1000
   * @maximum 3600000
   * @default 60000
   */
  readonly shardSyncIntervalMs?: number;
  /**
   * How long Temporal waits for a sign of life of a worker before another one takes its shards, in milliseconds: the fail-over
   * time after a crash. Heartbeats come from a timer of their own, not from the handler.
   *
   * Lower it to fail over sooner; each worker sends a heartbeat per shard every 0.8 times this, and a process that stalls for longer
   * (garbage collection, a handler that blocks the event loop) loses its shards and its batch is handled again.
   *
   * @minimum 2000
   * @maximum 600000
   * @default 10000
   */
  readonly heartbeatTimeoutMs?: number;
  /**
   * Longest time that the handler may take for one batch, in milliseconds. Then the batch counts as failed, `context.signal` aborts,
   * and the batch is tried again. A handler that ignores the signal may still be running then.
   *
   * @minimum 100
   * @maximum 86400000
   * @default 300000
   */
  readonly handlerTimeoutMs?: number;
  /**
   * Whether aggregates of the Kinesis Producer Library (KPL) are opened: the handler gets the user records in them, each with
   * `subSequenceNumber`. false hands over each aggregate as the one record that it is.
   *
   * A batch may exceed its limits by one aggregate, which is never divided between batches.
   *
   * @default true
   */
  readonly openAggregates?: boolean;
  /**
   * DynamoDB table that holds checkpoints; many consumers may share one. Keys `pk` and `sk`, both strings.
   *
   * @default tidemark-checkpoints
   */
  readonly tableName?: string;
  /**
   * How much of a handler's or schema's error is shown in Temporal's history, dead letters, status and logs: its class, code and stack
   * frames (`code`), or its text too (`message`).
   *
   * Error texts often quote the data that caused them (`JSON.parse` does), and Temporal's history is not the place for it.
   *
   * @default code
   */
  readonly errorDetail?: 'code' | 'message';
  /**
   * What happens with records that cannot be handled: how often and when they are tried again, and what then.
   *
   * The default tries a failing batch 5 times, then cuts it to find the record that fails, writes that one to the dead letters and goes on.
   */
  readonly onFailure?: FailureOptions;
  /**
   * What a shard does when retention has taken records before they were read: go on with the oldest one that is left (`continue`), or
   * park and read nothing until an operator accepts the loss (`stop`).
   *
   * Either way an event of the shard, a metric and an alert tell of it. A shard that was read up to its newest record and idle since loses nothing.
   *
   * @default continue
   */
  readonly onDataLoss?: 'stop' | 'continue';
  /**
   * From which share of the stream's retention on, in percent, the age of the oldest unhandled record makes a shard count as at risk of
   * losing records: an event of the shard, and shown first in `status`.
   *
   * @minimum 1
   * @maximum 99
   * @default 50
   */
  readonly dataLossWarningPercent?: number;
  /**
   * Where the handler runs: in the worker's own thread (`inline`), or in a thread of its own per shard (`thread`).
   *
   * A handler in a thread may block, run out of memory or exit without harm to other shards, and is ended at its deadline. It costs
   * memory and start-up time per shard, and the consumer must be in a file that the thread can load (see `file`).
   *
   * @default inline
   */
  readonly isolation?: 'inline' | 'thread';
  /**
   * File that exports this consumer as its default, for `isolation: 'thread'`: usually `__filename` or `import.meta.url`. The command
   * line knows it by itself.
   *
   * @default the consumer file of the command line
   */
  readonly file?: string;
  /**
   * How long the history of checkpoints is kept, in milliseconds: 30 days unless given. It is what `history`, `audit` and an estimate
   * before a rewind read.
   *
   * One entry per shard and history interval in which something was committed: one DynamoDB write unit each.
   *
   * @minimum 60000
   * @maximum 315360000000
   * @default 2592000000
   */
  readonly historyTtlMs?: number;
  /**
   * How long a dead letter is kept, in milliseconds. Without it, dead letters are kept until they are deleted.
   *
   * DynamoDB deletes expired items within a few days, without cost.
   *
   * @minimum 60000
   * @maximum 315360000000
   * @default kept for ever
   */
  readonly deadLetterTtlMs?: number;
  /**
   * In which form records are read from Kinesis: CBOR (`cbor`), which needs about half the CPU time of JSON and three quarters of its bytes, or
   * JSON (`json`). `auto` takes CBOR, and goes on in JSON with a warning where the endpoint does not know it.
   *
   * Records are the same either way. Name one of them only to find out whether it makes a difference.
   *
   * @default auto
   */
  readonly wire?: WireFormat;
  /** Overrides of what the AWS SDK finds by itself. */
  readonly aws?: AwsOptions;
}
