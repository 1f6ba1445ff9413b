import { getClient, heartbeat } from '@temporalio/activity';
import { WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { mapConcurrently } from '../core/map-concurrently';
import { messageNames, shardWorkflowId } from '../core/names';
import type { ControlShardsInput, ControlShardsResult } from '../core/control-work';
import type { ActivityDependencies } from './dependencies';
import { findConsumer } from './process-batches';

const ORDERS_AT_A_TIME = 50;

/** The activity `controlShards`: has the workflow of every recorded shard pause or resume, and waits until they have. Idempotent. */
export function createControlShards(
  dependencies: ActivityDependencies,
): (input: ControlShardsInput) => Promise<ControlShardsResult> {
  return async ({ stream, order, request }) => {
    const runtime = findConsumer(dependencies, stream);
    const timer = setInterval(() => heartbeat(), 1_000);
    try {
      const known = await runtime.store.listKnownShards(stream);
      const obeyed = await mapConcurrently(known, ORDERS_AT_A_TIME, async ({ shardId }) => {
        const handle = getClient().workflow.getHandle(shardWorkflowId({ ...stream, shardId }));
        return handle.executeUpdate(messageNames[order], { args: [request] }).then(
          () => true,
          (error: unknown) => {
            // It has ended, or it ends just now.
            if (error instanceof WorkflowNotFoundError || error instanceof WorkflowUpdateFailedError) return false;
            throw error;
          },
        );
      });
      return { shards: obeyed.filter(Boolean).length };
    } finally {
      clearInterval(timer);
    }
  };
}
