import { setTimeout as sleep } from 'node:timers/promises';
import { isGrpcDeadlineError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { messageNames } from '../core/names';
import type { ShardStatus } from '../core/shard-work';
import { isWithoutWorker, noWorker } from './send-order';

/** Temporal itself waits for a worker for seconds before it says that none has come. */
const AGAIN_AFTER_MS = 250;

/**
 * What a shard's workflow tells of itself; undefined if it has ended. `deadline` is in epoch milliseconds.
 * A worker that is being replaced is waited for until then; where nobody has polled lately, Temporal says so and nothing is waited for.
 * @throws `NO_WORKER`
 */
export async function askShard(client: Client, workflowId: string, deadline: number): Promise<ShardStatus | undefined> {
  const query = (): Promise<ShardStatus> =>
    client.workflow.getHandle(workflowId).query<ShardStatus>(messageNames.shardStatus);
  for (;;) {
    try {
      return await client.withDeadline(deadline, query);
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      if (!isWithoutWorker(error, deadline)) throw error;
      if (!isGrpcDeadlineError(error) || Date.now() >= deadline - AGAIN_AFTER_MS)
        throw noWorker('No worker tells how the shard stands', workflowId, error);
    }
    await sleep(AGAIN_AFTER_MS);
  }
}
