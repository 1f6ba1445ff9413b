import { Context } from '@temporalio/activity';
import type { ReplaySliceInput, ReplaySliceResult } from '../core/replay';
import type { HandlerRunner } from '../handler/handler-runner';
import type { ActivityDependencies } from './dependencies';
import { Ownership } from './ownership';
import { createWatches, findConsumer } from './process-batches';
import { ReplaySlice, type ReplayNote } from './replay-slice';

/**
 * The activity `replayShard`: some seconds of a replay of one shard. It reads no checkpoint's position and writes none. At least once: the
 * next attempt after a crash begins where the last heartbeat told, at worst where the slice began.
 */
export function createReplayShard(
  dependencies: ActivityDependencies,
): (input: ReplaySliceInput) => Promise<ReplaySliceResult> {
  const watchFor = createWatches();
  return async (input) => {
    const context = Context.current();
    const before = context.info.heartbeatDetails as Partial<ReplayNote> | undefined;
    const ownership = new Ownership(context);
    let runner: HandlerRunner | undefined;
    try {
      const { stream } = input.request;
      const runtime = findConsumer(dependencies, stream);
      // Not watched: metrics of the shard are those of the live consumer.
      runner = runtime.runner();
      const watch = watchFor(runtime, stream);
      const world = { dependencies, runtime, ownership, runner, watch, attempt: context.info.attempt };
      return await new ReplaySlice(world, input, before?.replay).run();
    } catch (error) {
      ownership.noteEnd(error);
      throw error;
    } finally {
      ownership.close();
      await runner?.close();
    }
  };
}
