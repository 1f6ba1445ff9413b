import {
  EVENTS_PER_NEW_RUN,
  EVENTS_PER_RUN,
  EVENTS_PER_SLICE,
  HEARTBEAT_SHARE,
  IDLE_SLICE_MS,
  RETRY_DELAY_MS,
  type Fleet,
} from './model';

/** Counts of one second. */
interface Second {
  slices: number;
  heartbeats: number;
  writes: number;
  polls: number;
}

export interface Rates {
  readonly slices: number;
  readonly heartbeats: number;
  readonly writes: number;
  readonly polls: number;
}

export interface Simulation {
  /** Of a quiet second, on average. */
  readonly mean: Rates;
  /** Of the busiest quiet second. */
  readonly peak: Rates;
  readonly recordsPerSecond: number;
  readonly eventsPerSecond: number;
  /** Actions as Temporal Cloud counts them. */
  readonly actionsPerSecond: number;
  readonly afterLoss: AfterLoss;
}

/** What the death of one worker brings. */
export interface AfterLoss {
  readonly shards: number;
  /** From the death to the next claim, seconds. */
  readonly p50Seconds: number;
  readonly p99Seconds: number;
  readonly peakClaimsPerSecond: number;
}

interface Clock {
  readonly seconds: Second[];
  readonly random: () => number;
}

/** A fleet over some minutes, shard by shard, second by second; then one worker dies. */
export function simulate(fleet: Fleet, { seconds, random }: { seconds: number; random: () => number }): Simulation {
  const clock: Clock = { seconds: Array.from({ length: seconds }, emptySecond), random };
  for (let shard = 0; shard < fleet.shards; shard += 1) runShard(fleet, shard < fleet.shards * fleet.busyShare, clock);
  const mean = rates(clock.seconds, (values) => values.reduce((sum, value) => sum + value, 0) / values.length);
  const peak = rates(clock.seconds, (values) => values.reduce((most, value) => Math.max(most, value), 0));
  const runsPerSecond = (mean.slices * EVENTS_PER_SLICE) / EVENTS_PER_RUN;
  return {
    mean,
    peak,
    recordsPerSecond: fleet.shards * fleet.busyShare * fleet.recordsPerSecond,
    eventsPerSecond: mean.slices * EVENTS_PER_SLICE + runsPerSecond * EVENTS_PER_NEW_RUN,
    actionsPerSecond: mean.slices + mean.heartbeats + runsPerSecond,
    afterLoss: loseWorker(fleet, random),
  };
}

function runShard(fleet: Fleet, isBusy: boolean, { seconds, random }: Clock): void {
  const limitMs = seconds.length * 1_000;
  const sliceMs = isBusy ? fleet.historyIntervalMs : Math.max(IDLE_SLICE_MS, fleet.historyIntervalMs);
  const beatMs = Math.min(fleet.heartbeatTimeoutMs * HEARTBEAT_SHARE, sliceMs);
  const pollMs = isBusy ? fleet.pollIntervalMs : fleet.idlePollIntervalMs;
  const perPoll = (fleet.recordsPerSecond * pollMs) / 1_000;
  const batchesPerPoll = isBusy ? Math.min(1, perPoll) * Math.max(1, perPoll / fleet.maxBatchRecords) : 0;
  const phase = random();
  const each = (everyMs: number, count: (second: Second) => void): void => {
    for (let atMs = phase * everyMs; atMs < limitMs; atMs += everyMs) {
      const second = seconds[Math.floor(atMs / 1_000)];
      if (second) count(second);
    }
  };
  each(sliceMs, (second) => {
    second.slices += 1;
    // What was committed in it is summed up in one entry of the checkpoint's history; an idle shard's row is touched.
    second.writes += 1;
  });
  if (beatMs < sliceMs) each(beatMs, (second) => (second.heartbeats += 1));
  for (const second of seconds) second.polls += 1_000 / pollMs;
  if (isBusy) for (const second of seconds) second.writes += (1_000 / pollMs) * batchesPerPoll;
}

/** Each shard of a dead worker is missed when its last heartbeat is too old, and claimed by another after the retry's delay. */
function loseWorker({ shards, workers, heartbeatTimeoutMs }: Fleet, random: () => number): AfterLoss {
  const lost = Math.ceil(shards / workers);
  const gapsMs = Array.from({ length: lost }, () => {
    const ageMs = random() * HEARTBEAT_SHARE * heartbeatTimeoutMs;
    return heartbeatTimeoutMs - ageMs + RETRY_DELAY_MS;
  }).sort((a, b) => a - b);
  const claims = new Map<number, number>();
  for (const gap of gapsMs) claims.set(Math.floor(gap / 1_000), (claims.get(Math.floor(gap / 1_000)) ?? 0) + 1);
  const at = (share: number): number => (gapsMs[Math.min(lost - 1, Math.floor(lost * share))] ?? 0) / 1_000;
  return {
    shards: lost,
    p50Seconds: at(0.5),
    p99Seconds: at(0.99),
    peakClaimsPerSecond: [...claims.values()].reduce((most, count) => Math.max(most, count), 0),
  };
}

function rates(seconds: readonly Second[], of: (values: readonly number[]) => number): Rates {
  return {
    slices: of(seconds.map(({ slices }) => slices)),
    heartbeats: of(seconds.map(({ heartbeats }) => heartbeats)),
    writes: of(seconds.map(({ writes }) => writes)),
    polls: of(seconds.map(({ polls }) => polls)),
  };
}

function emptySecond(): Second {
  return { slices: 0, heartbeats: 0, writes: 0, polls: 0 };
}
