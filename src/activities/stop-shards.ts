import { getClient, heartbeat } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/client';
import { mapConcurrently } from '../core/map-concurrently';
import { messageNames, shardWorkflowId } from '../core/names';
import type { StopShardsInput, StopShardsResult } from '../core/shard-work';
import type { ActivityDependencies } from './dependencies';
import { findConsumer } from './process-batches';

const STOPS_AT_A_TIME = 50;

/** The activity `stopShards`: stops the workflow of every recorded shard at a commit, and waits until they stand. Idempotent. */
export function createStopShards(
  dependencies: ActivityDependencies,
): (input: StopShardsInput) => Promise<StopShardsResult> {
  return async ({ stream, request }) => {
    const runtime = findConsumer(dependencies, stream);
    const timer = setInterval(() => heartbeat(), 1_000);
    try {
      const known = await runtime.store.listKnownShards(stream);
      const stopped = await mapConcurrently(known, STOPS_AT_A_TIME, async ({ shardId }) => {
        const handle = getClient().workflow.getHandle(shardWorkflowId({ ...stream, shardId }));
        return handle.executeUpdate(messageNames.stop, { args: [request] }).then(
          () => true,
          (error: unknown) => {
            if (error instanceof WorkflowNotFoundError) return false;
            throw error;
          },
        );
      });
      return { stopped: stopped.filter(Boolean).length };
    } finally {
      clearInterval(timer);
    }
  };
}
