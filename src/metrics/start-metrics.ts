import type { MetricMeter } from '@temporalio/common';
import type { WatchedConsumer } from './channels';
import { countEvents } from './count-events';
import { setShardGauges } from './gauges';
import { Instruments } from './instruments';
import type { ShardPictures } from './shard-pictures';

/** How often gauges are set. */
const GAUGE_INTERVAL_MS = 5_000;
/** How often Temporal is asked for parked shards. */
const PARKED_INTERVAL_MS = 30_000;

export interface MetricsWorld {
  readonly meter: MetricMeter;
  readonly consumers: readonly WatchedConsumer[];
  readonly pictures: ShardPictures;
  readonly shardLabel: boolean;
  /** Whether tasks of the consumer are taken now. */
  readonly isRunning: (consumer: WatchedConsumer) => boolean;
  /** Parked shards of a consumer, whoever runs it. */
  readonly countParked: (consumer: WatchedConsumer) => Promise<number>;
}

export interface RunningMetrics {
  /** Sets the gauges a last time: of what this process no longer does. */
  stop(): void;
}

/** Records what the activities of these consumers do on the meter, from now on. */
export function startMetrics(world: MetricsWorld): RunningMetrics {
  const { meter, consumers, pictures, shardLabel } = world;
  const instruments = new Instruments(meter);
  const endCounting = countEvents(instruments, consumers, { shardLabel });
  const setGauges = (): void => {
    setShardGauges(instruments, pictures, { consumers, shardLabel, nowMs: Date.now() });
    for (const one of consumers)
      instruments.set('tidemark_worker_running', world.isRunning(one) ? 1 : 0, consumerLabels(one));
  };
  const timers = [
    setInterval(setGauges, GAUGE_INTERVAL_MS).unref(),
    setInterval(() => void setParked(instruments, world), PARKED_INTERVAL_MS).unref(),
  ];
  setGauges();
  void setParked(instruments, world);
  return {
    stop: () => {
      timers.forEach((timer) => clearInterval(timer));
      endCounting();
      setGauges();
    },
  };
}

async function setParked(instruments: Instruments, { consumers, countParked }: MetricsWorld): Promise<void> {
  await Promise.all(
    consumers.map(async (one) => {
      // Without search attributes, or without Temporal, it is not known.
      const parked = await countParked(one).catch(() => undefined);
      instruments.set('tidemark_parked_shards', parked, consumerLabels(one));
    }),
  );
}

function consumerLabels({ consumer, streamName }: WatchedConsumer): Readonly<Record<string, string>> {
  return { consumer, stream: streamName };
}
