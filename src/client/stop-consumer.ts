import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { TidemarkError } from '../core/errors';
import { mapConcurrently } from '../core/map-concurrently';
import { messageNames, streamWorkflowId, workflowTypes } from '../core/names';
import type { ControlRequest } from '../core/control';
import type { StopShardsResult } from '../core/shard-work';
import { deadlineAfter } from './deadline-after';

export interface StopOptions {
  /** Who asks; stands in history. */
  readonly by: string;
  readonly reason?: string;
  /**
   * How long to wait until every shard stands at a commit, in milliseconds.
   * @default 60000
   */
  readonly timeoutMs?: number;
  /** Terminate the workflows instead, without a worker. The batches in flight are handled again after the next start. */
  readonly force?: boolean;
}

export interface StoppedConsumer {
  readonly shards: number;
  readonly forced: boolean;
}

/** A consumer and its stream, by name. */
export interface ConsumerName {
  readonly consumer: string;
  readonly streamName: string;
}

const DEFAULT_TIMEOUT_MS = 60_000;
const QUIET_PASSES = 2;
const PASS_INTERVAL_MS = 500;

/**
 * Stops a consumer: its shards at their next commits, then the stream workflow. Checkpoints stay; `start` goes on from them.
 * @throws `WORKFLOW_NOT_FOUND` if nothing runs, `NO_WORKER` if no worker has obeyed in time
 */
export async function stopConsumer(client: Client, name: ConsumerName, options: StopOptions): Promise<StoppedConsumer> {
  if (options.force) return terminateConsumer(client, name, options);
  const { by, reason, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const request: ControlRequest = reason === undefined ? { by } : { by, reason };
  const deadline = deadlineAfter(timeoutMs);
  const viaStream = await stopByUpdate<StopShardsResult>(client, streamWorkflowId(name), request, deadline);
  const left = await runningShardWorkflows(client, name);
  const direct = await mapConcurrently(left, 20, (id) => stopByUpdate(client, id, request, deadline));
  const shards = (viaStream?.stopped ?? 0) + direct.filter((status) => status !== undefined).length;
  if (viaStream === undefined && shards === 0) throw nothingRuns(name);
  return { shards, forced: false };
}

/** Undefined if there is no such running workflow. */
export async function stopByUpdate<Result>(
  client: Client,
  workflowId: string,
  request: ControlRequest,
  deadline: number,
): Promise<Result | undefined> {
  try {
    return await client.withDeadline(deadline, () =>
      client.workflow
        .getHandle(workflowId)
        .executeUpdate<Result, [ControlRequest]>(messageNames.stop, { args: [request] }),
    );
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    if (Date.now() < deadline) throw error;
    throw new TidemarkError('NO_WORKER', 'No worker has carried out the stop in time', {
      context: { workflow: workflowId },
    });
  }
}

async function terminateConsumer(
  client: Client,
  name: ConsumerName,
  { by, reason }: StopOptions,
): Promise<StoppedConsumer> {
  const why = `stop --force by ${by}${reason === undefined ? '' : `: ${reason}`}`;
  const wasRunning = await terminate(client, streamWorkflowId(name), why);
  const ended = new Set<string>();
  // A listing of the stream workflow's that is under way on a worker may still start shards, and what has just begun is listed late.
  for (let quietPasses = 0; quietPasses < QUIET_PASSES;) {
    const ids = await runningShardWorkflows(client, name);
    const wereRunning = await mapConcurrently(ids, 20, (id) => terminate(client, id, why));
    for (const id of ids.filter((_id, index) => wereRunning[index])) ended.add(id);
    quietPasses = wereRunning.some(Boolean) ? 0 : quietPasses + 1;
    if (quietPasses < QUIET_PASSES) await sleep(PASS_INTERVAL_MS);
  }
  if (!wasRunning && ended.size === 0) throw nothingRuns(name);
  return { shards: ended.size, forced: true };
}

async function terminate(client: Client, workflowId: string, why: string): Promise<boolean> {
  try {
    await client.workflow.getHandle(workflowId).terminate(why);
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

/** Ids of the workflows of a consumer's shards that run. */
export async function runningShardWorkflows(client: Client, { consumer, streamName }: ConsumerName): Promise<string[]> {
  const prefix = `${streamWorkflowId({ consumer, streamName })}@`;
  const query = `WorkflowType = '${workflowTypes.shard}' AND ExecutionStatus = 'Running' AND WorkflowId STARTS_WITH '${prefix}'`;
  const ids: string[] = [];
  for await (const { workflowId } of client.workflow.list({ query })) ids.push(workflowId);
  return ids;
}

function nothingRuns({ consumer, streamName }: ConsumerName): TidemarkError {
  return new TidemarkError('WORKFLOW_NOT_FOUND', `Nothing runs for consumer ${consumer} on stream ${streamName}`);
}
