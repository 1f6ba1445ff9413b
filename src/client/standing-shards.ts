import type { Client } from '@temporalio/client';
import type { CheckpointStore } from '../checkpoints/checkpoint-store';
import type { CheckpointRow } from '../core/checkpoint';
import { compareCheckpoints } from '../core/commit-protocol';
import { mapConcurrently } from '../core/map-concurrently';
import { shardWorkflowId, type StreamIncarnation } from '../core/names';
import type { ShardStatus } from '../core/shard-work';
import { askShard } from './ask-shard';
import { nothingRuns, shardWorkflows } from './shard-workflows';

export interface StandingQuery {
  readonly stream: StreamIncarnation;
  /** Only this shard, even if it is finished. Default: all that are not. */
  readonly shardId?: string;
  /** For each shard. */
  readonly timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 60_000;
const AT_A_TIME = 8;

/**
 * Where the shards stand whose workflows run, in order of their ids. Workflows that an earlier stream of the same name has left are not looked at.
 * @throws `WORKFLOW_NOT_FOUND` if there is none, `NO_WORKER`
 */
export async function standingShards(
  client: Client,
  { store }: { readonly store: Pick<CheckpointStore, 'read'> },
  { stream, shardId: only, timeoutMs = DEFAULT_TIMEOUT_MS }: StandingQuery,
): Promise<ShardStatus[]> {
  const name = { consumer: stream.consumer, streamName: stream.streamName };
  const prefix = shardWorkflowId({ ...stream, shardId: '' });
  const running = (await shardWorkflows(client, name, only)).filter((id) => id.startsWith(prefix)).sort();
  if (running.length === 0) throw nothingRuns(name, only);
  const found = await mapConcurrently(running, AT_A_TIME, async (workflowId) => {
    const status = await askShard(client, workflowId, Date.now() + timeoutMs);
    if (status === undefined) return undefined;
    const row = await store.read({ ...stream, shardId: workflowId.slice(prefix.length) });
    const standing = newest(status, row);
    // A workflow that has ended meanwhile still answers.
    return standing.position.at === 'SHARD_END' && only === undefined ? undefined : standing;
  });
  return found.flatMap((standing) => standing ?? []);
}

/** A slice under way has got beyond what its workflow knows. */
function newest(status: ShardStatus, row: CheckpointRow | undefined): ShardStatus {
  if (row === undefined || compareCheckpoints(row, status) <= 0) return status;
  return { ...status, position: row.position, progress: { ...status.progress, lastArrivalMs: row.lastArrivalMs } };
}
