/** What happens with records that cannot be handled. Times are in milliseconds. */
export interface FailureOptions {
  /**
   * How often a batch, or a record that the handler names, is tried in all before it counts as failed for good.
   *
   * A record that can never succeed (`RecordRejectedError`, a schema that does not match, `retryable: false`) is not tried again. Failures
   * before the handler runs (throttling, outages) never count: they are waited out.
   *
   * @minimum 1
   * @maximum 1000000
   * @default 5
   */
  readonly maxAttempts?: number;
  /**
   * Delay before the second attempt.
   *
   * @minimum 0
   * @maximum 86400000
   * @default 1000
   */
  readonly minBackoffMs?: number;
  /**
   * Largest delay between two attempts.
   *
   * @minimum 0
   * @maximum 86400000
   * @default 60000
   */
  readonly maxBackoffMs?: number;
  /**
   * What the delay is multiplied by after each attempt.
   *
   * @minimum 1
   * @maximum 10
   * @default 2
   */
  readonly backoffFactor?: number;
  /**
   * Share of the delay that is random, from 0 (none) to 1 (all of it), so that many shards do not come back at once.
   *
   * @minimum 0
   * @maximum 1
   * @default 0.5
   */
  readonly jitter?: number;
  /**
   * A failing record that arrived longer ago than this is not tried again.
   *
   * @minimum 1000
   * @maximum 31536000000
   * @default no limit but the attempts
   */
  readonly maxRecordAgeMs?: number;
  /**
   * How often the process or thread may die on the same records before they are cut to find the one that kills it; and how often on that
   * one alone before it counts as failed for good.
   *
   * @minimum 1
   * @maximum 100
   * @default 2
   */
  readonly maxDeaths?: number;
  /**
   * What happens with a record that failed for good: it is written to the dead letters and the shard goes on (`deadLetter`); the shard
   * waits for an operator (`park`); or the whole consumer stops with an error until it is started again (`stop`).
   *
   * @default deadLetter
   */
  readonly then?: 'deadLetter' | 'park' | 'stop';
  /**
   * With `then: 'park'`: what waits, the whole shard, or only the records of the same partition key, which are set aside in order while the
   * others go on.
   *
   * @default shard
   */
  readonly parkBy?: 'shard' | 'partitionKey';
  /**
   * With `then: 'park'`: after this time it is tried again without an operator. A parked partition key is looked at when an activity begins:
   * where no records come, that is within a minute, or within `historyIntervalMs` if that is longer.
   *
   * @minimum 1000
   * @maximum 31536000000
   * @default never
   */
  readonly parkForMs?: number;
  /**
   * With `parkBy: 'partitionKey'`: how many keys of one shard may be parked. One more parks the shard.
   *
   * @minimum 1
   * @maximum 1000
   * @default 100
   */
  readonly maxParkedKeys?: number;
  /**
   * With `parkBy: 'partitionKey'`: how many records of one shard may wait in all. One more parks the shard.
   *
   * @minimum 1
   * @maximum 1000000
   * @default 10000
   */
  readonly maxParkedRecords?: number;
}

export const defaultFailureOptions = {
  maxAttempts: 5,
  minBackoffMs: 1_000,
  maxBackoffMs: 60_000,
  backoffFactor: 2,
  jitter: 0.5,
  maxDeaths: 2,
  then: 'deadLetter',
  parkBy: 'shard',
  maxParkedKeys: 100,
  maxParkedRecords: 10_000,
} as const satisfies FailureOptions;

/** Smallest and largest value of each number in `onFailure`; whole numbers but for `backoffFactor` and `jitter`. */
export const failureRanges = {
  maxAttempts: [1, 1_000_000],
  minBackoffMs: [0, 86_400_000],
  maxBackoffMs: [0, 86_400_000],
  backoffFactor: [1, 10],
  jitter: [0, 1],
  maxRecordAgeMs: [1_000, 31_536_000_000],
  maxDeaths: [1, 100],
  parkForMs: [1_000, 31_536_000_000],
  maxParkedKeys: [1, 1_000],
  maxParkedRecords: [1, 1_000_000],
} as const satisfies Partial<Record<keyof FailureOptions, readonly [number, number]>>;
