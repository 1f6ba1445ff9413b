import type { WatchedConsumer } from './channels';
import { labelsOf } from './count-events';
import type { GaugeName } from './definitions';
import type { Instruments } from './instruments';
import type { ShardPicture } from './shard-picture';
import type { ShardPictures } from './shard-pictures';

type ShardGauge = Exclude<GaugeName, 'tidemark_parked_shards' | 'tidemark_worker_running'>;

/** What the gauges of a shard show; undefined: not known, or no longer this worker's to tell. */
type Sample = Readonly<Record<ShardGauge, number | undefined>>;

const ABSENT: Sample = {
  tidemark_lag_seconds: undefined,
  tidemark_oldest_unhandled_seconds: undefined,
  tidemark_checkpoint_age_seconds: undefined,
  tidemark_retention_used_ratio: undefined,
  tidemark_mirror_drift_records: undefined,
  tidemark_parked_keys: undefined,
  tidemark_shard_owned: 0,
  tidemark_shard_parked: 0,
};

/** Where shards are not told apart, these are summed up; of the others the worst one counts. */
const SUMMED: readonly ShardGauge[] = [
  'tidemark_mirror_drift_records',
  'tidemark_parked_keys',
  'tidemark_shard_owned',
  'tidemark_shard_parked',
];

/**
 * Sets the gauges of all shards. Called by a timer and not by what happens, so that a shard on which nothing happens shows.
 * A shard that this worker has no more to do with is marked once: owned 0, and NaN for the rest.
 */
export function setShardGauges(
  instruments: Instruments,
  pictures: ShardPictures,
  { consumers, shardLabel, nowMs }: { consumers: readonly WatchedConsumer[]; shardLabel: boolean; nowMs: number },
): void {
  const all = [...pictures.all()].map((picture) => ({ picture, sample: sampleOf(picture, nowMs) }));
  if (shardLabel) for (const { picture, sample } of all) setAll(instruments, sample, labelsOf(picture.shard, true));
  else
    for (const { consumer, streamName } of consumers) {
      const own = all.filter(
        ({ picture: { shard } }) => shard.consumer === consumer && shard.streamName === streamName,
      );
      const sample = own.map((one) => one.sample).reduce(worst, ABSENT);
      setAll(instruments, sample, { consumer, stream: streamName });
    }
  for (const { picture } of all) if (picture.holdAt(nowMs) === 'gone') pictures.forget(picture);
}

function sampleOf(picture: ShardPicture, nowMs: number): Sample {
  const hold = picture.holdAt(nowMs);
  if (hold === 'gone') return ABSENT;
  return {
    tidemark_lag_seconds: seconds(picture.lagMsAt(nowMs)),
    tidemark_oldest_unhandled_seconds: seconds(picture.oldestMsAt(nowMs)),
    tidemark_checkpoint_age_seconds: seconds(picture.checkpointAgeMsAt(nowMs)),
    tidemark_retention_used_ratio: picture.retentionUsedAt(nowMs),
    tidemark_mirror_drift_records: picture.driftRecords,
    tidemark_parked_keys: picture.parkedKeys,
    tidemark_shard_owned: hold === 'parked' ? 0 : 1,
    tidemark_shard_parked: hold === 'parked' ? 1 : 0,
  };
}

function worst(a: Sample, b: Sample): Sample {
  const entries = (Object.keys(ABSENT) as ShardGauge[]).map((name) => [name, merge(name, a[name], b[name])] as const);
  return Object.fromEntries(entries) as Sample;
}

function merge(name: ShardGauge, a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return SUMMED.includes(name) ? a + b : Math.max(a, b);
}

function setAll(instruments: Instruments, sample: Sample, labels: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(sample)) instruments.set(name as ShardGauge, value, labels);
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1_000;
}
