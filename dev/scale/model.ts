/** What a fleet is asked to do. */
export interface Fleet {
  readonly shards: number;
  readonly workers: number;
  /** Share of the shards that have records all the time; the others have none. */
  readonly busyShare: number;
  /** Of each busy shard. */
  readonly recordsPerSecond: number;
  readonly pollIntervalMs: number;
  readonly idlePollIntervalMs: number;
  readonly historyIntervalMs: number;
  readonly heartbeatTimeoutMs: number;
  readonly maxBatchRecords: number;
}

/** Defaults of Tidemark. */
export const FLEET: Fleet = {
  shards: 100_000,
  workers: 120,
  busyShare: 0.5,
  recordsPerSecond: 200,
  pollIntervalMs: 250,
  idlePollIntervalMs: 1_000,
  historyIntervalMs: 10_000,
  heartbeatTimeoutMs: 10_000,
  maxBatchRecords: 2_000,
};

/** Each touches its row. */
export const IDLE_SLICE_MS = 300_000;
/** The SDK sends heartbeats after this share of their timeout. */
export const HEARTBEAT_SHARE = 0.8;
/** Delay before a lost activity is tried again. */
export const RETRY_DELAY_MS = 1_000;

/** One slice: activity scheduled, started, completed, and a workflow task's three. */
export const EVENTS_PER_SLICE = 6;
/** Runs are continued as new at about this length; that costs 5 events and one action. */
export const EVENTS_PER_RUN = 1_000;
export const EVENTS_PER_NEW_RUN = 5;

/**
 * CPU milliseconds. Of a Temporal development server on one machine (docs/benchmarks.md and the design's measurements: a slice 2.4, a heartbeat 1.2):
 * a cluster with a database needs more of each, in the same proportion. Of a worker (docs/benchmarks.md): 1,000 idle shards took 67.8 % of a core at
 * 938 polls a second, heartbeats and slices among it; 7.7 µs per record of 1 KB read in pages of 1,000, its poll and its commit among it.
 */
export const CPU_MS = { slice: 2.4, heartbeat: 1.2, poll: 0.7, workerSlice: 2.6, record: 0.006, commit: 0.6 };

/** US dollars, list prices of us-east-1 and of Temporal Cloud's first tier, 2026. */
export const PRICES = { perMillionActions: 50, perMillionWrites: 0.625, shardHour: 0.015 };
