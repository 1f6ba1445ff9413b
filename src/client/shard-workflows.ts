import type { Client } from '@temporalio/client';
import { TidemarkError } from '../core/errors';
import { SEE_STATUS } from './send-order';
import { runningShardWorkflows, type ConsumerName } from './stop-consumer';

/** Workflows of the shards that are meant, one at least. @throws `WORKFLOW_NOT_FOUND` */
export async function shardWorkflows(client: Client, name: ConsumerName, shardId?: string): Promise<string[]> {
  const running = await runningShardWorkflows(client, name);
  const meant = shardId === undefined ? running : running.filter((id) => id.endsWith(`/${shardId}`));
  if (meant.length === 0) throw noShardRuns(name, shardId);
  return meant;
}

export function noShardRuns({ consumer, streamName }: ConsumerName, shardId: string | undefined): TidemarkError {
  const what = shardId === undefined ? 'No shard runs' : `Shard ${shardId} does not run`;
  const where = `for consumer ${consumer} on stream ${streamName}`;
  return new TidemarkError('WORKFLOW_NOT_FOUND', `${what} ${where}`, { hint: SEE_STATUS });
}
