import { checkpointKey, type ShardIdentity } from '../core/names';
import type { Position } from '../core/positions';
import { planReadStart, type DataLoss } from '../core/read-start';
import type { Progress } from '../core/shard-work';
import type { StreamDescription } from '../kinesis/kinesis-port';
import { OpenedReader } from '../kinesis/opened-reader';
import { ShardReader, type ReaderOptions } from '../kinesis/shard-reader';
import type { StreamWatch } from '../kinesis/stream-watch';
import { BatchSource } from './batch-source';
import type { ActivityDependencies, ConsumerRuntime } from './dependencies';
import { openedChannel, type OpenedMessage } from './diagnostics';
import type { OpenSource } from './kept-sources';
import { LeftOut } from './left-out';
import { sleep } from './sleep';
import { untilAnswered } from './until-answered';
import { watchedKinesis, watchedReader } from './watched-reads';

export interface SourceWorld {
  readonly dependencies: ActivityDependencies;
  readonly runtime: ConsumerRuntime;
  readonly watch: StreamWatch;
  /** Aborts when waiting for Kinesis should end. */
  readonly stop: AbortSignal;
  /** Told of each failed call that is made again, and of `undefined` when calls succeed again. */
  readonly onTrouble: (error: unknown) => void;
}

export interface SourceStart {
  readonly shard: ShardIdentity;
  /** Of the checkpoint, if this process may have read on from it before. */
  readonly token?: string;
  readonly position: Position;
  readonly progress: Pick<Progress, 'lastArrivalMs' | 'caughtUpAtMs'>;
}

/** Batches from a committed position on. Waits until Kinesis answers. @throws the reason of `stop`, and what a reader throws */
export async function openSource(
  world: SourceWorld,
  start: SourceStart,
): Promise<OpenSource & { retentionMs: number; loss?: DataLoss }> {
  const { shard, token, position, progress } = start;
  const description = await untilAnswered(world, () => world.watch.recent(60_000));
  const { retentionMs, serviceNowMs: nowMs } = description;
  openedChannel.publish({ shard, retentionMs } satisfies OpenedMessage);
  const { lastArrivalMs, caughtUpAtMs } = progress;
  const { iterator, loss } = planReadStart({ position, lastArrivalMs, caughtUpAtMs, nowMs, retentionMs });
  const kept = world.dependencies.keptSources.take(checkpointKey(shard).pk, token);
  if (kept && !loss) {
    kept.listener.onTrouble = world.onTrouble;
    if (kept.source.isDrained) kept.renewFrom(iterator, position);
    return { ...kept, retentionMs };
  }
  kept?.source.close();
  const listener = { onTrouble: world.onTrouble };
  const told = { ...world, onTrouble: (error: unknown) => listener.onTrouble(error) };
  const reader = createReader(told, description, { shard, start: iterator });
  return { ...openAggregatesOf(told, { shard, position, reader }), listener, retentionMs, ...(loss ? { loss } : {}) };
}

/** The reader's records in batches, with the KPL aggregates among them opened. */
function openAggregatesOf(
  world: SourceWorld,
  { shard, position, reader }: Pick<SourceStart, 'shard' | 'position'> & { readonly reader: ShardReader },
): Omit<OpenSource, 'listener'> {
  const { watch, runtime } = world;
  const { options } = runtime.definition;
  const leftOut = new LeftOut();
  const opened = new OpenedReader(reader, {
    start: position,
    hashRange: (signal) => untilAnswered({ ...world, stop: signal }, () => watch.hashRangeOf(shard.shardId)),
    onLeftOut: (sequenceNumber, count) => leftOut.note(sequenceNumber, count),
  });
  const source = new BatchSource(watchedReader(options.openAggregates ? opened : reader, shard), options);
  const renewFrom: OpenSource['renewFrom'] = (start, from) => {
    reader.renewFrom(start);
    opened.startAt(from);
  };
  return { source, leftOut, renewFrom };
}

function createReader(
  { runtime, dependencies, watch, onTrouble }: SourceWorld,
  { serviceNowMs }: StreamDescription,
  from: Pick<ReaderOptions, 'shard' | 'start'>,
): ShardReader {
  const { pollIntervalMs, idlePollIntervalMs, maxBatchRecords } = runtime.definition.options;
  const limit = Math.max(1_000, maxBatchRecords);
  const describedAt = performance.now();
  return new ShardReader(
    {
      kinesis: watchedKinesis(runtime.kinesis, from.shard),
      watch,
      memory: dependencies.pageMemory,
      random: dependencies.random,
      // The clock of the service, never ahead of it: arrival times are compared with it, and this machine's may be wrong.
      now: () => Math.floor(serviceNowMs + performance.now() - describedAt),
      monotonicMs: () => performance.now(),
      sleep,
      onTrouble,
    },
    { ...from, pace: { limit, pollIntervalMs, idlePollIntervalMs, budget: runtime.budget } },
  );
}
