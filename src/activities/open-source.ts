import { checkpointKey, type ShardIdentity } from '../core/names';
import { backoffMs, READ_BACKOFF } from '../core/pacing';
import type { Position } from '../core/positions';
import { planReadStart, type DataLoss } from '../core/read-start';
import type { Progress } from '../core/shard-work';
import type { StreamDescription } from '../kinesis/kinesis-port';
import { isPassingTrouble } from '../kinesis/passing-trouble';
import type { StreamWatch } from '../kinesis/stream-watch';
import { unlessAborted } from '../kinesis/unless-aborted';
import { BatchSource } from './batch-source';
import type { CheckpointHold } from './checkpoint-hold';
import type { ActivityDependencies, ConsumerRuntime } from './dependencies';
import { openedChannel, type OpenedMessage } from './diagnostics';
import type { OpenSource } from './kept-sources';
import { openReader } from './open-reader';
import { sleep } from './sleep';
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
export async function openSource(world: SourceWorld, start: SourceStart): Promise<OpenSource & { loss?: DataLoss }> {
  const { shard, token, position, progress } = start;
  const { runtime, dependencies, hold, onTrouble } = world;
  const { retentionMs, serviceNowMs: nowMs } = await describeStream(world);
  const describedAt = performance.now();
  openedChannel.publish({ shard, retentionMs } satisfies OpenedMessage);
  const { lastArrivalMs, caughtUpAtMs } = progress;
  const { iterator, loss } = planReadStart({ position, lastArrivalMs, caughtUpAtMs, nowMs, retentionMs });
  const kept = dependencies.keptSources.take(checkpointKey(shard).pk, token);
  if (kept && !loss && !isOutdated(runtime, shard, kept)) {
    Object.assign(kept.listener, { hold, onTrouble });
    if (kept.source.isDrained) kept.reader.renewFrom(iterator);
    return kept;
  }
  kept?.source.close();
  const listener = { hold, onTrouble };
  // The clock of the service, never ahead of it: arrival times are compared with it, and this machine's may be wrong.
  const now = (): number => Math.floor(nowMs + performance.now() - describedAt);
  const reader = openReader({ ...world, listener }, { shard, position, start: iterator, now });
  const source = new BatchSource(watchedReader(reader, shard), runtime.definition.options);
  return { source, reader, listener, ...(loss ? { loss } : {}) };
}

/** It polls because there was no stream consumer, and that is to be looked for again. */
function isOutdated({ fanOut }: ConsumerRuntime, shard: ShardIdentity, { reader }: OpenSource): boolean {
  return fanOut !== undefined && reader.isPolling !== false && !fanOut.isMissing(shard);
}

async function describeStream({ watch, dependencies, stop, onTrouble }: SourceWorld): Promise<StreamDescription> {
  for (let failures = 0; ; failures += 1) {
    try {
      const description = await unlessAborted(watch.recent(60_000), stop);
      if (failures > 0) onTrouble(undefined);
      return description;
    } catch (error) {
      if (stop.aborted || !isPassingTrouble(error)) throw error;
      onTrouble(error);
      await sleep(backoffMs(READ_BACKOFF, failures + 1, dependencies.random()), stop);
    }
  }
}
