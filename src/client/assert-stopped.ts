import type { Client } from '@temporalio/client';
import { TidemarkError } from '../core/errors';
import { mapConcurrently } from '../core/map-concurrently';
import { shardWorkflowId, streamWorkflowId, type StreamIncarnation } from '../core/names';
import { readPendingActivity } from './pending-activity';
import { runningShardWorkflows } from './stop-consumer';

const ASKED_AT_A_TIME = 16;

/** @throws `CONSUMER_RUNNING` if a workflow of the consumer runs; each is asked for itself, because a listing lags behind */
export async function assertStopped(
  client: Client,
  stream: StreamIncarnation,
  shardIds: readonly string[],
): Promise<void> {
  const own = shardIds.map((shardId) => shardWorkflowId({ ...stream, shardId }));
  const listed = await runningShardWorkflows(client, stream);
  const ids = [...new Set([streamWorkflowId(stream), ...listed, ...own])];
  const states = await mapConcurrently(ids, ASKED_AT_A_TIME, (id) => readPendingActivity(client, id));
  const running = ids.filter((_id, index) => states[index]?.workflowState === 'RUNNING');
  if (running.length === 0) return;
  const { consumer, streamName } = stream;
  throw new TidemarkError('CONSUMER_RUNNING', `Consumer ${consumer} on stream ${streamName} runs`, {
    context: { workflow: running[0], workflows: running.length },
  });
}
