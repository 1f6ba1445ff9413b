import { setTimeout as sleep } from 'node:timers/promises';
import { isGrpcServiceError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { messageNames } from '../core/names';
import type { ShardStatus } from '../core/shard-work';
import { isWithoutWorker, noWorker } from './send-order';

/** Temporal itself waits for a worker for seconds before it says that none has come. */
const AGAIN_AFTER_MS = 250;
/** The workflow's buffer of queries is full: it is small, and somebody else asks. */
const GRPC_RESOURCE_EXHAUSTED = 8;

/**
 * What a shard's workflow tells of itself; also one that has ended, until Temporal forgets it: undefined then. `deadline` is in epoch milliseconds.
 * A worker that is being replaced is waited for until then: Temporal gives a query up after ten seconds, or says after some thirty that nobody polls.
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
      const { code, details } = refusalOf(error);
      if (code !== GRPC_RESOURCE_EXHAUSTED && !isWithoutWorker(error, deadline)) throw error;
      const what = `No worker tells how the shard stands${details ? ` (${details})` : ''}`;
      if (Date.now() >= deadline - AGAIN_AFTER_MS) throw noWorker(what, workflowId, error);
    }
    await sleep(AGAIN_AFTER_MS);
  }
}

/** Code and words of Temporal's answer. */
function refusalOf(error: unknown): { readonly code?: number; readonly details?: string } {
  const cause = error instanceof Error ? error.cause : undefined;
  return isGrpcServiceError(cause) ? cause : {};
}
