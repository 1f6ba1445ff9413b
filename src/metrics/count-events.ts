import type {
  ClaimedMessage,
  CommittedMessage,
  HandlerRunMessage,
  KinesisFailedMessage,
} from '../activities/diagnostics';
import type { ShardIdentity } from '../core/names';
import type { ShardEvent } from '../core/shard-work';
import { listen, type WatchedConsumer } from './channels';
import type { CounterName } from './definitions';
import type { Instruments, Labels } from './instruments';

type Place = Pick<ShardIdentity, 'consumer' | 'streamName' | 'shardId'>;

export interface CountOptions {
  /** Whether series bear the shard's id. */
  readonly shardLabel: boolean;
  /** `process.hrtime.bigint()`. */
  readonly nowNs?: () => bigint;
}

/** Turns what activities publish into counters and histograms. Returns how to end it. */
export function countEvents(
  instruments: Instruments,
  consumers: readonly WatchedConsumer[],
  options: CountOptions,
): () => void {
  const count = new Counting(instruments, options);
  return listen(consumers, {
    pageRead: ({ shard, records }) => count.add('tidemark_records_read_total', records, shard),
    handlerRun: (message) => count.handlerRun(message),
    committed: (message) => count.committed(message),
    claimed: (message) => count.claimed(message),
    fenced: ({ shard, records }) => {
      count.add('tidemark_fenced_total', 1, shard);
      count.add('tidemark_records_refused_total', records, shard);
    },
    suppressed: ({ shard, records }) => count.add('tidemark_duplicates_suppressed_total', records, shard),
    trouble: ({ shard, of, code }) => {
      if (of === 'checkpoint' && code) count.add('tidemark_commit_retries_total', 1, shard, { code });
    },
    sliceEnded: ({ shard, code }) => {
      if (code) count.add('tidemark_slice_failures_total', 1, shard, { code });
    },
    kinesisFailed: (message) => count.kinesisFailed(message),
    subscription: ({ shard, step }) => count.add('tidemark_subscriptions_total', 1, shard, { step }),
    event: ({ shard, event }) => count.event(shard, event),
  });
}

class Counting {
  private readonly shardLabel: boolean;
  private readonly nowNs: () => bigint;

  constructor(
    private readonly instruments: Instruments,
    { shardLabel, nowNs = () => process.hrtime.bigint() }: CountOptions,
  ) {
    this.shardLabel = shardLabel;
    this.nowNs = nowNs;
  }

  add(name: CounterName, value: number, place: Place, more: Labels = {}): void {
    if (value > 0) this.instruments.add(name, value, { ...labelsOf(place, this.shardLabel), ...more });
  }

  claimed({ shard, previousToken, drift }: ClaimedMessage): void {
    this.add('tidemark_claims_total', 1, shard, { kind: previousToken === null ? 'created' : 'taken_over' });
    if (drift) this.add('tidemark_mirror_drift_total', 1, shard, { kind: drift });
  }

  handlerRun({ shard, outcome, records, bytes, durationMs }: HandlerRunMessage): void {
    const labels = { ...labelsOf(shard, false), outcome };
    this.instruments.record('tidemark_handler_duration_seconds', durationMs / 1_000, labels);
    if (outcome !== 'handled') return;
    this.add('tidemark_records_handled_total', records, shard);
    this.add('tidemark_bytes_handled_total', bytes, shard);
  }

  committed({ shard, records, before, progress, sentAtNs }: CommittedMessage): void {
    const seconds = Number(this.nowNs() - sentAtNs) / 1e9;
    this.instruments.record('tidemark_commit_duration_seconds', seconds, labelsOf(shard, false));
    const { totals } = progress;
    this.add('tidemark_records_committed_total', records, shard);
    this.add('tidemark_bytes_committed_total', totals.bytes - before.totals.bytes, shard);
    this.add('tidemark_batches_committed_total', totals.batches - before.totals.batches, shard);
    const filtered = (totals.filtered ?? 0) - (before.totals.filtered ?? 0);
    this.add('tidemark_records_filtered_total', filtered, shard);
    const leftOut = (totals.leftOut ?? 0) - (before.totals.leftOut ?? 0);
    this.add('tidemark_records_left_out_total', leftOut, shard);
  }

  kinesisFailed({ shard, code }: KinesisFailedMessage): void {
    this.add('tidemark_kinesis_failures_total', 1, shard, { code });
    if (code === 'THROUGHPUT_EXCEEDED') this.add('tidemark_throttles_total', 1, shard);
    if (code === 'ITERATOR_EXPIRED') this.add('tidemark_iterators_expired_total', 1, shard);
  }

  event(place: Place, event: ShardEvent): void {
    const { kind } = event;
    // They have counters of their own, from the moment they are known.
    if (kind === 'claimed' || kind === 'fenced' || kind === 'leftOut') return;
    // A gauge tells how much of retention is used.
    if (kind === 'atRisk' || kind === 'outOfRisk') return;
    if (kind === 'dataLoss') return this.add('tidemark_data_loss_total', 1, place);
    this.add('tidemark_failure_steps_total', 1, place, { step: kind });
    if (kind === 'deadLettered') this.add('tidemark_dead_letters_total', 1, place, { code: event.code });
  }
}

export function labelsOf({ consumer, streamName, shardId }: Place, shardLabel: boolean): Labels {
  return { consumer, stream: streamName, ...(shardLabel ? { shard: shardId } : {}) };
}
