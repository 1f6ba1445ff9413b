import type { Client } from '@temporalio/client';
import { type ConsumerOptions } from '../../src';
import { streamWorkflowId, workflowTypes } from '../../src/core/names';

/** Activities of one shard's workflow, and all its events. */
export interface ShardHistory {
  readonly events: number;
  readonly slicesScheduledAtMs: readonly number[];
}

/** Histories of all shard workflows of a consumer. */
export async function shardHistories(temporal: Client, { name, stream }: ConsumerOptions): Promise<ShardHistory[]> {
  const ids = await runningShardWorkflows(temporal, { name, stream });
  const histories: ShardHistory[] = [];
  for (const id of ids) histories.push(await historyOf(temporal, id));
  return histories;
}

async function runningShardWorkflows(
  temporal: Client,
  consumer: Pick<ConsumerOptions, 'name' | 'stream'>,
): Promise<string[]> {
  const prefix = `${streamWorkflowId({ consumer: consumer.name, streamName: consumer.stream })}@`;
  const query = `WorkflowType = '${workflowTypes.shard}' AND ExecutionStatus = 'Running' AND WorkflowId STARTS_WITH '${prefix}'`;
  const ids: string[] = [];
  for await (const { workflowId } of temporal.workflow.list({ query })) ids.push(workflowId);
  return ids;
}

async function historyOf(temporal: Client, workflowId: string): Promise<ShardHistory> {
  const { events } = await temporal.workflow.getHandle(workflowId).fetchHistory();
  const scheduled = (events ?? []).filter((event) => event.activityTaskScheduledEventAttributes);
  return {
    events: events?.length ?? 0,
    slicesScheduledAtMs: scheduled.map(
      ({ eventTime }) => Number(eventTime?.seconds ?? 0) * 1_000 + (eventTime?.nanos ?? 0) / 1e6,
    ),
  };
}
