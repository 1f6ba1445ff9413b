import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
  type Client,
  type WorkflowHandle,
  type WorkflowHandleWithFirstExecutionRunId,
} from '@temporalio/client';
import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';
import { TidemarkError } from '../core/errors';
import {
  redriveWorkflowId,
  replayWorkflowId,
  searchAttributeNames,
  shardWorkflowId,
  streamWorkflowId,
  workflowTypes,
  type ShardIdentity,
  type StreamIncarnation,
} from '../core/names';
import type { RedriveWorkflowInput } from '../core/redrive';
import type { ReplayWorkflowInput } from '../core/replay';
import { describeRequest } from '../core/replay-details';
import { describeRedriveFilter } from '../core/redrive-details';
import type { ShardWorkflowInput, StreamWorkflowInput } from '../core/shard-work';

export interface WorkflowStart<Input> {
  readonly taskQueue: string;
  readonly input: Input;
}

/** Starts the workflow of one shard, or finds the one that runs: never two. */
export function startShardWorkflow(
  client: Client,
  { taskQueue, input }: WorkflowStart<ShardWorkflowInput>,
): Promise<WorkflowHandle> {
  const { shard, searchAttributes } = input;
  return client.workflow.start(workflowTypes.shard, {
    workflowId: shardWorkflowId(shard),
    taskQueue,
    args: [input],
    staticSummary: `${shard.consumer}: ${shard.streamName} ${shard.shardId}`,
    staticDetails: detailsOf(shard, `Reads shard \`${shard.shardId}\``),
    ...(searchAttributes ? { typedSearchAttributes: attributesOf(shard, shard.shardId) } : {}),
    ...START_OPTIONS,
  });
}

/** Starts the workflow that follows a stream's shards, or finds the one that runs. */
export function startStreamWorkflow(
  client: Client,
  { taskQueue, input }: WorkflowStart<StreamWorkflowInput>,
): Promise<WorkflowHandle> {
  const { stream, searchAttributes } = input;
  return client.workflow.start(workflowTypes.stream, {
    workflowId: streamWorkflowId(stream),
    taskQueue,
    args: [input],
    memo: { streamArn: stream.streamArn, createdAtMs: stream.createdAtMs },
    staticSummary: `${stream.consumer}: stream ${stream.streamName}`,
    staticDetails: detailsOf(stream, 'Follows the shards of the stream and starts a workflow for each'),
    ...(searchAttributes ? { typedSearchAttributes: attributesOf(stream) } : {}),
    ...START_OPTIONS,
  });
}

/** Starts a redrive. There is one at a time for a consumer of a stream. @throws `REDRIVE_RUNNING` */
export async function startRedriveWorkflow(
  client: Client,
  { taskQueue, input }: WorkflowStart<RedriveWorkflowInput>,
): Promise<WorkflowHandleWithFirstExecutionRunId> {
  const { stream, searchAttributes, filter } = input;
  const workflowId = redriveWorkflowId(stream, String(stream.createdAtMs));
  try {
    return await client.workflow.start(workflowTypes.redrive, {
      workflowId,
      taskQueue,
      args: [input],
      staticSummary: `${stream.consumer}: redrive of ${stream.streamName}`,
      staticDetails: detailsOf(stream, `Handles dead letters again (${describeRedriveFilter(filter)})`),
      ...(searchAttributes ? { typedSearchAttributes: attributesOf(stream) } : {}),
      ...START_OPTIONS,
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.FAIL,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    const { consumer, streamName } = stream;
    throw new TidemarkError('REDRIVE_RUNNING', 'Dead letters of this consumer are being handled again already', {
      context: { consumer, stream: streamName, workflow: workflowId },
    });
  }
}

/** Starts a replay. An id is used once. @throws `REPLAY_EXISTS` */
export async function startReplayWorkflow(
  client: Client,
  { taskQueue, input }: WorkflowStart<ReplayWorkflowInput>,
): Promise<WorkflowHandleWithFirstExecutionRunId> {
  const { stream, searchAttributes, id, by, dryRun, startedAtMs } = input;
  const workflowId = replayWorkflowId(stream, id);
  const what = describeRequest(input);
  try {
    return await client.workflow.start(workflowTypes.replay, {
      workflowId,
      taskQueue,
      args: [input],
      memo: { what, by, dryRun, startedAtMs },
      staticSummary: `${stream.consumer}: replay of ${stream.streamName}`,
      staticDetails: detailsOf(stream, `Handles a range again beside the live consumer (${what})`),
      ...(searchAttributes ? { typedSearchAttributes: attributesOf(stream) } : {}),
      workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.FAIL,
      workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    const { consumer, streamName } = stream;
    throw new TidemarkError('REPLAY_EXISTS', `There is a replay ${id} already`, {
      context: { consumer, stream: streamName, workflow: workflowId },
    });
  }
}

/** A workflow task that was handed to a worker just killed waits this long: Temporal's default of 10 s would double a fail-over. */
const WORKFLOW_TASK_TIMEOUT = '5 seconds';

const START_OPTIONS = {
  workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
  workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
  workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
} as const;

function detailsOf({ consumer, streamArn, createdAtMs }: StreamIncarnation, what: string): string {
  return `${what} for consumer **${consumer}**.\n\n- stream: \`${streamArn}\`\n- created: ${new Date(createdAtMs).toISOString()}\n`;
}

function attributesOf(stream: StreamIncarnation | ShardIdentity, shardId?: string): SearchAttributePair[] {
  const { consumer, stream: streamName, shard, state } = searchAttributeNames;
  const keyword = (name: string, value: string): SearchAttributePair => ({
    key: defineSearchAttributeKey(name, 'KEYWORD'),
    value,
  });
  return [
    keyword(consumer, stream.consumer),
    keyword(streamName, stream.streamName),
    ...(shardId === undefined ? [] : [keyword(shard, shardId)]),
    keyword(state, 'STARTING'),
  ];
}
