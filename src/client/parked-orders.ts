import { ApplicationFailure, WorkflowNotFoundError, WorkflowUpdateFailedError, type Client } from '@temporalio/client';
import { codeOf, TidemarkError } from '../core/errors';
import { mapConcurrently } from '../core/map-concurrently';
import { messageNames } from '../core/names';
import type { ParkedRequest, ShardStatus } from '../core/shard-work';
import { runningShardWorkflows, type ConsumerName } from './stop-consumer';

export interface RetryParkedOptions {
  /** Only this shard. Default: every shard of the consumer of which something is parked. */
  readonly shardId?: string;
  /** Only the records of this partition key. Default: all that is parked. */
  readonly partitionKey?: string;
  /** Who asks; stands in history. */
  readonly by: string;
  readonly reason?: string;
  /**
   * How long to wait until the orders are carried out, in milliseconds.
   * @default 60000
   */
  readonly timeoutMs?: number;
}

export interface SkipParkedOptions extends RetryParkedOptions {
  readonly shardId: string;
  readonly reason: string;
  /** Refused if the shard is parked at another record by now. */
  readonly sequenceNumber?: string;
}

/** A shard that has carried out an order, and where it stands since. */
export interface OrderedShard {
  readonly workflowId: string;
  readonly status: ShardStatus;
}

type Order = ParkedRequest & { readonly sequenceNumber?: string };

const DEFAULT_TIMEOUT_MS = 60_000;
const AT_A_TIME = 16;

/** @throws `NOT_PARKED`, `WORKFLOW_NOT_FOUND`, `NO_WORKER` */
export async function orderParked(
  client: Client,
  name: ConsumerName,
  kind: 'retryParked' | 'skipParked',
  options: RetryParkedOptions & { readonly sequenceNumber?: string },
): Promise<OrderedShard[]> {
  const { shardId, timeoutMs = DEFAULT_TIMEOUT_MS, ...request } = options;
  const deadline = Date.now() + timeoutMs;
  const running = await runningShardWorkflows(client, name);
  const meant = shardId === undefined ? running : running.filter((workflowId) => workflowId.endsWith(`/${shardId}`));
  if (meant.length === 0) throw nothingRuns(name, shardId);
  const parked = shardId === undefined ? await parkedAmong(client, meant, deadline) : meant;
  if (parked.length === 0)
    throw new TidemarkError(
      'NOT_PARKED',
      `Nothing of consumer ${name.consumer} on stream ${name.streamName} is parked`,
    );
  return mapConcurrently(parked, AT_A_TIME, async (workflowId) => ({
    workflowId,
    status: await order(client, { workflowId, update: messageNames[kind], request, deadline }),
  }));
}

/** Workflows of shards that say that they, or partition keys of theirs, are parked. */
async function parkedAmong(client: Client, workflowIds: readonly string[], deadline: number): Promise<string[]> {
  const isParked = await mapConcurrently(workflowIds, AT_A_TIME, async (workflowId) => {
    const query = (): Promise<ShardStatus> => client.workflow.getHandle(workflowId).query(messageNames.shardStatus);
    const { halt, progress } = await inTime(client, workflowId, deadline, query);
    return halt !== undefined || (progress.parkedKeys ?? 0) > 0;
  });
  return workflowIds.filter((_, index) => isParked[index]);
}

interface Sending {
  readonly workflowId: string;
  readonly update: string;
  readonly request: Order;
  readonly deadline: number;
}

async function order(client: Client, { workflowId, update, request, deadline }: Sending): Promise<ShardStatus> {
  const send = (): Promise<ShardStatus> =>
    client.workflow.getHandle(workflowId).executeUpdate<ShardStatus, [Order]>(update, { args: [request] });
  try {
    return await inTime(client, workflowId, deadline, send);
  } catch (error) {
    const cause = error instanceof WorkflowUpdateFailedError ? error.cause : undefined;
    const code = codeOf(cause);
    if (!(cause instanceof ApplicationFailure) || code === undefined) throw error;
    throw new TidemarkError(code, cause.message, { context: { workflow: workflowId } });
  }
}

async function inTime<T>(client: Client, workflowId: string, deadline: number, call: () => Promise<T>): Promise<T> {
  try {
    return await client.withDeadline(deadline, call);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError)
      throw new TidemarkError('WORKFLOW_NOT_FOUND', 'The shard does not run any more', {
        context: { workflow: workflowId },
      });
    if (Date.now() < deadline) throw error;
    throw new TidemarkError('NO_WORKER', 'No worker has answered in time', { context: { workflow: workflowId } });
  }
}

function nothingRuns({ consumer, streamName }: ConsumerName, shardId: string | undefined): TidemarkError {
  const what = shardId === undefined ? 'No shard runs' : `Shard ${shardId} does not run`;
  return new TidemarkError('WORKFLOW_NOT_FOUND', `${what} for consumer ${consumer} on stream ${streamName}`);
}
