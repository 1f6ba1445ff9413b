import { checkpointKey, type ShardIdentity } from '../core/names';
import type { Position } from '../core/positions';
import { planReadStart, type DataLoss } from '../core/read-start';
import type { Progress } from '../core/shard-work';
import type { FanOutReader } from '../kinesis/fan-out-reader';
import { OpenedReader } from '../kinesis/opened-reader';
import type { ShardReader } from '../kinesis/shard-reader';
import type { StreamWatch } from '../kinesis/stream-watch';
import { BatchSource } from './batch-source';
import type { CheckpointHold } from './checkpoint-hold';
import type { ActivityDependencies, ConsumerRuntime } from './dependencies';
import { openedChannel, type OpenedMessage } from './diagnostics';
import type { OpenSource } from './kept-sources';
import { LeftOut } from './left-out';
import { openReader, type ReadingWorld } from './open-reader';
import { untilAnswered } from './until-answered';
import { watchedReader } from './watched-reads';

export interface SourceWorld {
  readonly dependencies: ActivityDependencies;
  readonly runtime: ConsumerRuntime;
  readonly watch: StreamWatch;
  /** Aborts when waiting for Kinesis should end. */
  readonly stop: AbortSignal;
  /** Told of each failed call that is made again, and of `undefined` when calls succeed again. */
  readonly onTrouble: (error: unknown) => void;
  readonly hold: Pick<CheckpointHold, 'checkpoint' | 'writer'>;
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
  const { runtime, dependencies, hold, onTrouble } = world;
  const { retentionMs, serviceNowMs: nowMs } = await untilAnswered(world, () => world.watch.recent(60_000));
  const describedAt = performance.now();
  openedChannel.publish({ shard, retentionMs } satisfies OpenedMessage);
  const { lastArrivalMs, caughtUpAtMs } = progress;
  const { iterator, loss } = planReadStart({ position, lastArrivalMs, caughtUpAtMs, nowMs, retentionMs });
  const kept = dependencies.keptSources.take(checkpointKey(shard).pk, token);
  if (kept && !loss && !isOutdated(runtime, shard, kept)) {
    Object.assign(kept.listener, { hold, onTrouble });
    if (kept.source.isDrained) kept.renewFrom(iterator, position);
    return { ...kept, retentionMs };
  }
  kept?.source.close();
  const listener = { hold, onTrouble };
  // The clock of the service, never ahead of it: arrival times are compared with it, and this machine's may be wrong.
  const now = (): number => Math.floor(nowMs + performance.now() - describedAt);
  const reader = openReader({ ...world, listener }, { shard, position, start: iterator, now });
  const opened = openAggregatesOf({ ...world, listener }, { shard, position, reader });
  return { ...opened, listener, retentionMs, ...(loss ? { loss } : {}) };
}

/** The reader's records in batches, with the KPL aggregates among them opened. */
function openAggregatesOf(
  { watch, runtime, dependencies, listener }: ReadingWorld,
  {
    shard,
    position,
    reader,
  }: Pick<SourceStart, 'shard' | 'position'> & { readonly reader: ShardReader | FanOutReader },
): Omit<OpenSource, 'listener'> {
  const { options } = runtime.definition;
  const leftOut = new LeftOut();
  const onTrouble = (error: unknown): void => listener.onTrouble(error);
  const opened = new OpenedReader(reader, {
    start: position,
    hashRange: (stop) => untilAnswered({ dependencies, stop, onTrouble }, () => watch.hashRangeOf(shard.shardId)),
    onLeftOut: (sequenceNumber, count) => leftOut.note(sequenceNumber, count),
  });
  const source = new BatchSource(watchedReader(options.openAggregates ? opened : reader, shard), options);
  const renewFrom: OpenSource['renewFrom'] = (start, from) => {
    reader.renewFrom(start);
    opened.startAt(from);
  };
  return { source, leftOut, renewFrom, isPolling: () => !('isPolling' in reader) || reader.isPolling };
}

/** It polls because there was no stream consumer, and that is to be looked for again. */
function isOutdated({ fanOut }: ConsumerRuntime, shard: ShardIdentity, { isPolling }: OpenSource): boolean {
  return fanOut !== undefined && isPolling() && !fanOut.isMissing(shard);
}
