import { heartbeat } from '@temporalio/activity';
import { TidemarkError } from '../core/errors';
import type { PlanReplayInput, PlanReplayResult } from '../core/replay';
import { parentsFirst, parentsOf } from '../core/shard-graph';
import { timingOf } from '../core/timing';
import { StreamWatch } from '../kinesis/stream-watch';
import type { ActivityDependencies } from './dependencies';
import { findConsumer } from './process-batches';

/**
 * The activity `planReplay`: the shards of the stream, open and closed, parents before children. When a shard had records is not told by
 * a listing, so that every shard is read: one without any in the range costs a call or two.
 */
export function createPlanReplay(
  dependencies: ActivityDependencies,
): (input: PlanReplayInput) => Promise<PlanReplayResult> {
  return async ({ stream, shardId }) => {
    const timer = setInterval(() => heartbeat(), 1_000);
    try {
      const runtime = findConsumer(dependencies, stream);
      const listed = await runtime.kinesis.listShards(stream);
      // Shard ids repeat: the listing must not be that of another stream of the same name.
      await new StreamWatch(runtime.kinesis, stream).fresh();
      const wanted = parentsFirst(listed).filter((shard) => shardId === undefined || shard.shardId === shardId);
      if (shardId !== undefined && wanted.length === 0)
        throw new TidemarkError('SHARD_NOT_FOUND', `Stream ${stream.streamName} has no shard ${shardId}`);
      const ids = new Set(wanted.map((shard) => shard.shardId));
      const shards = wanted.map((shard) => {
        return { shardId: shard.shardId, parentShardIds: parentsOf(shard).filter((parent) => ids.has(parent)) };
      });
      return { shards, timing: timingOf(runtime.definition.options) };
    } finally {
      clearInterval(timer);
    }
  };
}
