import { codeOf } from '../core/errors';
import type { ShardIdentity } from '../core/names';
import type { Position } from '../core/positions';
import type { IteratorStart } from '../core/read-start';
import type { FanOut, SliceEnvironment } from '../kinesis/fan-out';
import type { FanOutReader } from '../kinesis/fan-out-reader';
import { ShardReader } from '../kinesis/shard-reader';
import { assertHeld } from './assert-held';
import {
  kinesisFailedChannel,
  subscriptionChannel,
  type KinesisFailedMessage,
  type SubscriptionMessage,
} from './diagnostics';
import type { SliceListener } from './kept-sources';
import type { SourceWorld } from './open-source';
import { sleep } from './sleep';
import { logPolling, logRegistered } from './slice-log';
import { watchedKinesis } from './watched-reads';

export interface ReadingStart {
  readonly shard: ShardIdentity;
  readonly position: Position;
  /** What the position means for Kinesis now. */
  readonly start: IteratorStart;
  /** Clock of the service, epoch milliseconds. */
  readonly now: () => number;
}

/** The world of whichever slice reads now: a reader outlives the slice that opens it. */
export interface ReadingWorld extends Omit<SourceWorld, 'hold' | 'onTrouble' | 'stop'> {
  readonly listener: SliceListener;
}

/** What reads a shard from a position on: by enhanced fan-out where the consumer has it and there is a stream consumer, else by polling. */
export function openReader(world: ReadingWorld, reading: ReadingStart): ShardReader | FanOutReader {
  const { fanOut } = world.runtime;
  const reader = fanOut?.read(environmentOf(world, reading, fanOut), reading);
  return reader ?? pollingReader(world, reading, reading.start);
}

function pollingReader(world: ReadingWorld, { shard, now }: ReadingStart, start: IteratorStart): ShardReader {
  const { runtime, dependencies, watch, listener } = world;
  const { maxBatchRecords, pollIntervalMs, idlePollIntervalMs } = runtime.definition.options;
  const limit = Math.max(1_000, maxBatchRecords);
  return new ShardReader(
    {
      kinesis: watchedKinesis(runtime.kinesis, shard),
      watch,
      memory: dependencies.pageMemory,
      random: dependencies.random,
      now,
      monotonicMs: () => performance.now(),
      sleep,
      onTrouble: (error) => listener.onTrouble(error),
    },
    {
      shard,
      start,
      pace: { limit, pollIntervalMs, idlePollIntervalMs, budget: runtime.budget },
      growsPages: true,
      others: dependencies.running.size - 1,
    },
  );
}

function environmentOf(world: ReadingWorld, reading: ReadingStart, fanOut: FanOut): SliceEnvironment {
  const { dependencies, watch, listener } = world;
  const { shard, now } = reading;
  const note = (step: SubscriptionMessage['step']): void =>
    subscriptionChannel.publish({ shard, step } satisfies SubscriptionMessage);
  const poll = (start: IteratorStart, why: unknown): ShardReader => {
    note('polling');
    logPolling(shard, why);
    return pollingReader(world, reading, start);
  };
  return {
    watch,
    random: dependencies.random,
    sleep,
    now,
    note,
    ...(fanOut.isPollingAllowed ? { poll } : {}),
    committed: () => listener.hold.checkpoint.position,
    assertHeld: () => assertHeld(world.runtime.store, listener, shard),
    onTrouble: (error) => {
      const code = codeOf(error) ?? 'INTERNAL';
      if (error !== undefined && !listener.isKept)
        kinesisFailedChannel.publish({ shard, operation: 'subscribeToShard', code } satisfies KinesisFailedMessage);
      listener.onTrouble(error);
    },
    onRegistered: (arn) => logRegistered(shard, arn),
  };
}
