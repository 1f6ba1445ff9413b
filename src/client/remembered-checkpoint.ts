import type { Client } from '@temporalio/client';
import type { CheckpointHistory } from '../checkpoints/checkpoint-history';
import type { BackupCheckpoint } from '../core/backup';
import { ZERO_TOTALS } from '../core/checkpoint';
import { shardWorkflowId, type ShardIdentity } from '../core/names';
import type { ShardResult, ShardStatus } from '../core/shard-work';
import { queryShard } from './consumer-status';

/** What a workflow knows of its shard, while Temporal keeps it: its result, or the answer of a worker that replays it. */
export async function rememberedCheckpoint(
  client: Client,
  history: CheckpointHistory,
  shard: ShardIdentity,
  state: string,
): Promise<BackupCheckpoint | undefined> {
  const workflowId = shardWorkflowId(shard);
  if (state !== 'COMPLETED') {
    const status = await queryShard(client, workflowId);
    return status && checkpointOf(status);
  }
  const result = (await client.workflow.result(workflowId)) as ShardResult;
  const { position, records, progress = { totals: { ...ZERO_TOTALS, records } } } = result;
  return checkpointOf({ position, progress, generation: result.generation ?? (await lastGeneration(history, shard)) });
}

/** A row of a lower generation than the last rewind would lose against a workflow that remembers it. */
async function lastGeneration(history: CheckpointHistory, shard: ShardIdentity): Promise<number> {
  const entries = await history.list(shard);
  return entries.reduce((largest, { generation }) => Math.max(largest, generation), 0);
}

function checkpointOf({
  position,
  generation,
  progress,
}: Pick<ShardStatus, 'position' | 'generation' | 'progress'>): BackupCheckpoint {
  const { totals, committedAtMs = Date.now(), lastArrivalMs, caughtUpAtMs } = progress;
  return { position, generation, totals, committedAtMs, lastArrivalMs, caughtUpAtMs };
}
