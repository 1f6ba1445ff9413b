/** Every metric of Tidemark. Their names stand in users' dashboards: they never change their meaning; new things get new names. */
export interface MetricDefinition {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  /** As OpenTelemetry writes it. */
  readonly unit: '1' | 's' | 'By' | '{record}' | '{shard}';
  readonly help: string;
  /** Beside `consumer` and `stream`. `shard` is left out where shards are not told apart. */
  readonly labels: readonly string[];
}

const SHARD = ['shard'] as const;

export const metricDefinitions = {
  tidemark_records_read_total: {
    kind: 'counter',
    unit: '{record}',
    help: 'Records that Kinesis has returned, aggregates as their user records.',
    labels: SHARD,
  },
  tidemark_records_handled_total: {
    kind: 'counter',
    unit: '{record}',
    help: 'Records in runs of the handler that succeeded as a whole; those that are handled again count again.',
    labels: SHARD,
  },
  tidemark_bytes_handled_total: {
    kind: 'counter',
    unit: 'By',
    help: 'Payload bytes of the records handled.',
    labels: SHARD,
  },
  tidemark_records_committed_total: {
    kind: 'counter',
    unit: '{record}',
    help: 'Records that the checkpoint has passed.',
    labels: SHARD,
  },
  tidemark_bytes_committed_total: {
    kind: 'counter',
    unit: 'By',
    help: 'Payload bytes that the checkpoint has passed.',
    labels: SHARD,
  },
  tidemark_batches_committed_total: {
    kind: 'counter',
    unit: '1',
    help: 'Commits that moved the checkpoint over records.',
    labels: SHARD,
  },
  tidemark_records_filtered_total: {
    kind: 'counter',
    unit: '{record}',
    help: 'Committed records that the filter left out.',
    labels: SHARD,
  },
  tidemark_records_left_out_total: {
    kind: 'counter',
    unit: '{record}',
    help: 'User records of KPL aggregates that were left out, because their hash keys are those of other shards.',
    labels: SHARD,
  },
  tidemark_dead_letters_total: {
    kind: 'counter',
    unit: '{record}',
    help: 'Records that were given up and set aside, by error code.',
    labels: ['shard', 'code'],
  },
  tidemark_handler_duration_seconds: {
    kind: 'histogram',
    unit: 's',
    help: 'Time of one run of filter, schema and handler, by outcome.',
    labels: ['outcome'],
  },
  tidemark_commit_duration_seconds: {
    kind: 'histogram',
    unit: 's',
    help: 'Time from the first sending of a commit to its confirmation, retries included.',
    labels: [],
  },
  tidemark_commit_retries_total: {
    kind: 'counter',
    unit: '1',
    help: 'Calls to DynamoDB for the checkpoint that failed and were sent again, by error code.',
    labels: ['shard', 'code'],
  },
  tidemark_fenced_total: {
    kind: 'counter',
    unit: '1',
    help: 'Executions that ended because another one had taken the shard.',
    labels: SHARD,
  },
  tidemark_claims_total: {
    kind: 'counter',
    unit: '1',
    help: 'Claims of a checkpoint: kind created (a new row) or taken_over.',
    labels: ['shard', 'kind'],
  },
  tidemark_mirror_drift_total: {
    kind: 'counter',
    unit: '1',
    help: 'Claims that found another row than the workflow had heard of: kind ahead, behind or missing.',
    labels: ['shard', 'kind'],
  },
  tidemark_duplicates_suppressed_total: {
    kind: 'counter',
    unit: '{record}',
    help: 'Records that a run of the handler was not given again, because they were handled before.',
    labels: SHARD,
  },
  tidemark_records_refused_total: {
    kind: 'counter',
    unit: '{record}',
    help: 'Records whose commit was refused, because another execution had taken the shard: handled in both.',
    labels: SHARD,
  },
  tidemark_failure_steps_total: {
    kind: 'counter',
    unit: '1',
    help: 'Steps of the failure policy: retry, cut, died, deadLettered, parked, skipped, unparked, drained.',
    labels: ['shard', 'step'],
  },
  tidemark_slice_failures_total: {
    kind: 'counter',
    unit: '1',
    help: 'Executions that ended with an error, by its code.',
    labels: ['shard', 'code'],
  },
  tidemark_data_loss_total: {
    kind: 'counter',
    unit: '1',
    help: 'Times that retention had taken records before they were read.',
    labels: SHARD,
  },
  tidemark_kinesis_failures_total: {
    kind: 'counter',
    unit: '1',
    help: 'Calls to Kinesis about a shard that failed after the retries of the SDK, by error code.',
    labels: ['shard', 'code'],
  },
  tidemark_throttles_total: {
    kind: 'counter',
    unit: '1',
    help: 'Calls to Kinesis about a shard that were throttled, after the retries of the SDK.',
    labels: SHARD,
  },
  tidemark_iterators_expired_total: {
    kind: 'counter',
    unit: '1',
    help: 'Shard iterators that had expired before they were used.',
    labels: SHARD,
  },
  tidemark_subscriptions_total: {
    kind: 'counter',
    unit: '1',
    help: 'Steps of enhanced fan-out: subscribed, expired (after 5 minutes), taken (by another), broken, polling (no stream consumer).',
    labels: ['shard', 'step'],
  },
  tidemark_lag_seconds: {
    kind: 'gauge',
    unit: 's',
    help: 'How far reading is behind the tip: MillisBehindLatest, and the time since while there is something to do.',
    labels: SHARD,
  },
  tidemark_oldest_unhandled_seconds: {
    kind: 'gauge',
    unit: 's',
    help: 'Age of the oldest record that is known and not committed; 0 without one.',
    labels: SHARD,
  },
  tidemark_checkpoint_age_seconds: {
    kind: 'gauge',
    unit: 's',
    help: 'Time since the last commit. An idle shard commits about every 5 minutes.',
    labels: SHARD,
  },
  tidemark_retention_used_ratio: {
    kind: 'gauge',
    unit: '1',
    help: 'Age of the oldest unhandled record as a share of the retention of the stream; at 1 records are lost.',
    labels: SHARD,
  },
  tidemark_mirror_drift_records: {
    kind: 'gauge',
    unit: '{record}',
    help: 'Committed records of which the workflow has not heard yet: by how much Temporal is behind DynamoDB.',
    labels: SHARD,
  },
  tidemark_parked_keys: {
    kind: 'gauge',
    unit: '1',
    help: 'Partition keys that are parked.',
    labels: SHARD,
  },
  tidemark_shard_owned: {
    kind: 'gauge',
    unit: '{shard}',
    help: '1 while this worker works on the shard or waits to try it again; 0 after.',
    labels: SHARD,
  },
  tidemark_shard_parked: {
    kind: 'gauge',
    unit: '{shard}',
    help: '1 from when this worker parks the shard until it works on it again. Means nothing while another worker owns it.',
    labels: SHARD,
  },
  tidemark_parked_shards: {
    kind: 'gauge',
    unit: '{shard}',
    help: "Parked shards of the consumer, as Temporal's visibility has them. Needs the search attributes.",
    labels: [],
  },
  tidemark_worker_running: {
    kind: 'gauge',
    unit: '1',
    help: '1 while this worker takes tasks of the consumer; 0 while it starts, drains or has ended.',
    labels: [],
  },
} as const satisfies Record<string, MetricDefinition>;

export type MetricName = keyof typeof metricDefinitions;

type NamesOf<Kind extends MetricDefinition['kind']> = {
  [Name in MetricName]: (typeof metricDefinitions)[Name]['kind'] extends Kind ? Name : never;
}[MetricName];

export type CounterName = NamesOf<'counter'>;
export type GaugeName = NamesOf<'gauge'>;
export type HistogramName = NamesOf<'histogram'>;

/** Upper bounds of the histograms' buckets, seconds. Those of Temporal's SDK are for milliseconds. */
export const HISTOGRAM_BUCKETS: Readonly<Record<HistogramName, number[]>> = {
  tidemark_handler_duration_seconds: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
  tidemark_commit_duration_seconds: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
};
