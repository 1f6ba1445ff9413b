import { setTimeout as sleep } from 'node:timers/promises';
import { isGrpcServiceError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { messageNames } from '../core/names';
import type { ShardStatus } from '../core/shard-work';
import { noWorker } from './send-order';

/** Temporal itself waits for a worker for seconds before it says that none has come. */
const AGAIN_AFTER_MS = 250;
const GRPC = {
  /** No worker has taken the query in time. */
  DEADLINE_EXCEEDED: 4,
  /** The workflow's buffer of queries is full: it is small, and somebody else asks. */
  RESOURCE_EXHAUSTED: 8,
  /** Nobody polls, or the workflow's tasks fail. */
  FAILED_PRECONDITION: 9,
};
const PASSING: readonly (number | undefined)[] = Object.values(GRPC);

/**
 * What a shard's workflow tells of itself; also one that has ended, until Temporal forgets it: undefined then. `deadline` is in epoch milliseconds.
 * A worker that is being replaced is waited for until then: Temporal gives a query up after ten seconds, or says after some thirty that nobody polls.
 * @throws `NO_WORKER`
 */
export async function askShard(client: Client, workflowId: string, deadline: number): Promise<ShardStatus | undefined> {
  const query = (): Promise<ShardStatus> =>
    client.workflow.getHandle(workflowId).query<ShardStatus>(messageNames.shardStatus);
  let said = '';
  for (;;) {
    try {
      return await client.withDeadline(deadline, query);
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      const { code, details } = refusalOf(error);
      if (!PASSING.includes(code)) throw error;
      if (code === GRPC.FAILED_PRECONDITION) said = ` (${details})`;
      const isInTime = Date.now() < deadline - AGAIN_AFTER_MS;
      if (!isInTime && code === GRPC.RESOURCE_EXHAUSTED) throw error;
      if (!isInTime) throw noWorker(`No worker tells how the shard stands${said}`, workflowId, error);
    }
    await sleep(AGAIN_AFTER_MS);
  }
}

/** Temporal's answer, which its client wraps. */
function refusalOf(error: unknown): { readonly code?: number; readonly details?: string } {
  const cause = error instanceof Error ? error.cause : undefined;
  return [error, cause].find(isGrpcServiceError) ?? {};
}
