import type { ShardIdentity } from '../core/names';
import { planReadStart, type DataLoss } from '../core/read-start';
import type { ShardReplay } from '../core/replay';
import { pauseAfterRead } from '../core/replay-pace';
import type { ReplayRange } from '../core/replay-range';
import { OpenedReader } from '../kinesis/opened-reader';
import { ShardReader, type ReadResult } from '../kinesis/shard-reader';
import type { StreamWatch } from '../kinesis/stream-watch';
import { BatchSource } from './batch-source';
import type { ActivityDependencies, ConsumerRuntime } from './dependencies';
import { sleep } from './sleep';
import { untilAnswered } from './until-answered';

/** Records of a page: few reads are better neighbours than many. */
const PAGE_RECORDS = 5_000;

export interface ReplaySourceWorld {
  readonly dependencies: ActivityDependencies;
  readonly runtime: ConsumerRuntime;
  readonly watch: StreamWatch;
  /** Aborts when reading should end. */
  readonly stop: AbortSignal;
  readonly onTrouble: (error: unknown) => void;
}

/**
 * Batches of a shard from where a replay has come. The live consumer's metrics are told nothing of it.
 * @throws the reason of `stop`, and what a reader throws
 */
export async function openReplaySource(
  world: ReplaySourceWorld,
  {
    shard,
    range,
    replay,
  }: { readonly shard: ShardIdentity; readonly range: ReplayRange; readonly replay: ShardReplay },
): Promise<{ source: BatchSource; loss?: DataLoss }> {
  const { dependencies, runtime, watch } = world;
  const { options } = runtime.definition;
  const { pollIntervalMs, idlePollIntervalMs } = options;
  const { retentionMs, serviceNowMs } = await untilAnswered(world, () => watch.recent(60_000));
  const describedAt = performance.now();
  const { position = range.from, lastArrivalMs } = replay;
  const { iterator, loss } = planReadStart({ position, lastArrivalMs, nowMs: serviceNowMs, retentionMs });
  const reader = new ShardReader(
    {
      kinesis: runtime.kinesis,
      watch,
      memory: dependencies.pageMemory,
      random: dependencies.random,
      // The clock of the service, never ahead of it: the end of the range is compared with it.
      now: () => Math.floor(serviceNowMs + performance.now() - describedAt),
      monotonicMs: () => performance.now(),
      sleep,
      onTrouble: world.onTrouble,
    },
    { shard, start: iterator, pace: { limit: PAGE_RECORDS, pollIntervalMs, idlePollIntervalMs }, growsPages: true },
  );
  const paced = new PacedReader(reader);
  const opened = new OpenedReader(paced, {
    start: position,
    hashRange: (signal) => untilAnswered({ ...world, stop: signal }, () => watch.hashRangeOf(shard.shardId)),
    // Of other shards: they are replayed with those.
    onLeftOut: () => undefined,
  });
  const source = new BatchSource(options.openAggregates ? opened : paced, options);
  return { source, ...(loss ? { loss } : {}) };
}

/** Leaves the live consumer of the same shard its part of what Kinesis allows. */
class PacedReader {
  private nextAtMs = 0;

  constructor(private readonly reader: ShardReader) {}

  async read(signal: AbortSignal): Promise<ReadResult> {
    const waitMs = this.nextAtMs - performance.now();
    if (waitMs > 0) await sleep(waitMs, signal);
    const result = await this.reader.read(signal);
    const bytes = result.records.reduce((sum, { data }) => sum + data.byteLength, 0);
    this.nextAtMs = performance.now() + pauseAfterRead(bytes);
    return result;
  }
}
