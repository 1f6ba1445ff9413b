import type { Client } from '@temporalio/client';
import type { CheckpointStore } from '../checkpoints/checkpoint-store';
import type { CheckpointRow } from '../core/checkpoint';
import { compareCheckpoints } from '../core/commit-protocol';
import { mapConcurrently } from '../core/map-concurrently';
import { shardWorkflowId, type StreamIncarnation } from '../core/names';
import type { ShardStatus } from '../core/shard-work';
import { deadlineAfter } from './deadline-after';
import { askShard } from './ask-shard';
import { noShardRuns, shardWorkflows } from './shard-workflows';

export interface StandingQuery {
  readonly stream: StreamIncarnation;
  /** Only this shard. */
  readonly shardId?: string;
  /** For each shard. */
  readonly timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 60_000;
const AT_A_TIME = 8;

/**
 * Where the shards stand whose workflows run, in order of their ids; at SHARD_END those that were finished while others were asked. Workflows
 * that an earlier stream of the same name has left are not looked at.
 * @throws `WORKFLOW_NOT_FOUND` if there is none, `NO_WORKER`
 */
export async function standingShards(
  client: Client,
  { store }: { readonly store: Pick<CheckpointStore, 'readMany'> },
  { stream, shardId: only, timeoutMs = DEFAULT_TIMEOUT_MS }: StandingQuery,
): Promise<ShardStatus[]> {
  const name = { consumer: stream.consumer, streamName: stream.streamName };
  const prefix = shardWorkflowId({ ...stream, shardId: '' });
  const running = (await shardWorkflows(client, name, only)).filter((id) => id.startsWith(prefix)).sort();
  const told = await mapConcurrently(running, AT_A_TIME, (workflowId) =>
    askShard(client, workflowId, deadlineAfter(timeoutMs)),
  );
  const statuses = told.flatMap((status) => status ?? []);
  if (statuses.length === 0) throw noShardRuns(name, only);
  // Not before all have answered: a shard may get far while another one's worker is waited for.
  const rows = await store.readMany(statuses.map(({ shardId }) => ({ ...stream, shardId })));
  return statuses.map((status, index) => newest(status, rows[index]));
}

/** A slice under way has got beyond what its workflow knows. */
function newest(status: ShardStatus, row: CheckpointRow | undefined): ShardStatus {
  if (row === undefined || compareCheckpoints(row, status) <= 0) return status;
  return { ...status, position: row.position, progress: { ...status.progress, lastArrivalMs: row.lastArrivalMs } };
}
