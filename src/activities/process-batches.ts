import { Context } from '@temporalio/activity';
import { TidemarkError } from '../core/errors';
import type { StreamIncarnation } from '../core/names';
import type { SliceInput, SliceResult } from '../core/shard-work';
import type { HandlerRunner } from '../handler/handler-runner';
import { StreamWatch } from '../kinesis/stream-watch';
import { consumerKey, type ActivityDependencies, type ConsumerRuntime } from './dependencies';
import { Ownership } from './ownership';
import { ParkedKeysCache } from './parked-keys';
import { reportSlice } from './report-slice';
import { Slice } from './slice';
import { watchedRunner } from './watched-runner';

/**
 * The activity `processBatches`: one slice of one shard.
 *
 * Idempotent in the sense of the commit protocol: executed twice, at most one execution commits a given position.
 * Heartbeats by a timer while it runs. Returns normally on a graceful worker shutdown, so that the next slice starts elsewhere at once.
 */
export function createProcessBatches(dependencies: ActivityDependencies): (input: SliceInput) => Promise<SliceResult> {
  const watchFor = createWatches();
  const parkedKeys = new ParkedKeysCache();
  return async (input) => {
    const ownership = new Ownership(Context.current());
    const name = `${consumerKey(input.shard)}/${input.shard.shardId}`;
    let runner: HandlerRunner | undefined;
    dependencies.running.add(name);
    try {
      const runtime = findConsumer(dependencies, input.shard);
      runner = watchedRunner(runtime.runner());
      const watch = watchFor(runtime, input.shard);
      const world = { dependencies, runtime, watch, ownership, runner, parkedKeys };
      return await reportSlice(input, () => new Slice(world, input).run());
    } catch (error) {
      ownership.noteEnd(error);
      throw error;
    } finally {
      ownership.close();
      await runner?.close();
      dependencies.running.delete(name);
    }
  };
}

/** One watch per stream incarnation and process, so that shards share its calls. */
function createWatches(): (runtime: ConsumerRuntime, stream: StreamIncarnation) => StreamWatch {
  const watches = new Map<string, StreamWatch>();
  return (runtime, { consumer, streamName, streamArn, createdAtMs }) => {
    const key = `${consumer}/${streamArn}@${createdAtMs}`;
    const watch =
      watches.get(key) ?? new StreamWatch(runtime.kinesis, { consumer, streamName, streamArn, createdAtMs });
    watches.set(key, watch);
    return watch;
  };
}

export function findConsumer({ consumers, worker }: ActivityDependencies, stream: StreamIncarnation): ConsumerRuntime {
  const runtime = consumers.get(consumerKey(stream));
  if (runtime) return runtime;
  throw new TidemarkError('UNKNOWN_CONSUMER', 'This worker does not have the consumer that the workflow names', {
    context: { consumer: stream.consumer, stream: stream.streamName, worker },
  });
}
