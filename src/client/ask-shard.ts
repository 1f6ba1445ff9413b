import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { messageNames } from '../core/names';
import type { ShardStatus } from '../core/shard-work';
import { GRPC, refusalOf } from './grpc-refusal';
import { noWorker } from './send-order';

/** Temporal itself waits for a worker for seconds before it says that none has come. */
const AGAIN_AFTER_MS = 250;
/** No worker in time; the workflow's buffer of queries, a small one, is full of others'; nobody polls, or the workflow's tasks fail. */
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
      const { code, words } = refusalOf(error);
      if (!PASSING.includes(code)) throw error;
      if (code === GRPC.FAILED_PRECONDITION) said = ` (${words})`;
      const isInTime = Date.now() < deadline - AGAIN_AFTER_MS;
      if (!isInTime && code === GRPC.RESOURCE_EXHAUSTED) throw error;
      if (!isInTime) throw noWorker(`No worker tells how the shard stands${said}`, workflowId, error);
    }
    await sleep(AGAIN_AFTER_MS);
  }
}
