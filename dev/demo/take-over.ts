import type { Client } from '@temporalio/client';
import type { ShardReport } from '../../src';
import { readPendingActivity } from '../../src/client/pending-activity';
import type { DeliveredBatch, Deliveries } from './deliveries';
import { waitFor } from './wait-for';
import type { WorkerProcess } from './worker-process';

export interface Kill {
  readonly pid: number;
  readonly atMs: number;
  readonly batch: DeliveredBatch;
}

/** Kills a worker with -9 while half of a batch has taken effect and nothing of it is committed. */
export async function killInBatch(workers: readonly WorkerProcess[], deliveries: Deliveries): Promise<Kill> {
  for (const worker of workers) worker.tell('halt');
  const look = (): DeliveredBatch | undefined => {
    deliveries.refresh();
    return deliveries.halfwayBatch();
  };
  const batch = await waitFor(look, {
    timeoutMs: 60_000,
    pollIntervalMs: 10,
    what: 'a worker in the middle of a batch',
  });
  const atMs = Date.now();
  for (const worker of workers) {
    if (worker.pid === batch.workerPid) await worker.kill();
    else worker.tell('go on');
  }
  return { pid: batch.workerPid, atMs, batch };
}

/** Which of these shards' activities Temporal still believes to run in a dead worker. To be asked before its heartbeat timeout is over. */
export async function shardsHeldBy(pid: number, shards: readonly ShardReport[], temporal: Client): Promise<string[]> {
  const pending = await Promise.all(shards.map(({ workflowId }) => readPendingActivity(temporal, workflowId)));
  return shards.filter((_, index) => pending[index]?.worker?.endsWith(`:${pid}`)).map(({ shardId }) => shardId);
}

/** The first batch of one of these shards in another worker. */
export async function untilTakenOver(
  kill: Kill,
  shardIds: readonly string[],
  deliveries: Deliveries,
): Promise<DeliveredBatch> {
  const look = (): DeliveredBatch | undefined => {
    deliveries.refresh();
    return deliveries.batches.find(
      ({ workerPid, shardId, beganAtMs }) =>
        workerPid !== kill.pid && beganAtMs >= kill.atMs && shardIds.includes(shardId),
    );
  };
  return waitFor(look, { timeoutMs: 60_000, what: 'another worker to take over' });
}
