import {
  isGrpcDeadlineError,
  isGrpcServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  WorkflowUpdateStage,
  type Client,
} from '@temporalio/client';
import { codeOf, TidemarkError } from '../core/errors';
import { mapConcurrently } from '../core/map-concurrently';
import { messageNames } from '../core/names';
import type { ParkedRequest, ShardStatus } from '../core/shard-work';
import { partitionKeyDigest } from '../dead-letters/partition-key-digest';
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

const GRPC_FAILED_PRECONDITION = 9;

/**
 * Without `shardId`, shards that refuse because somebody else came first are left out, unless all do.
 * @throws `NOT_PARKED`, `WORKFLOW_NOT_FOUND`, `NO_WORKER`
 */
export async function orderParked(
  client: Client,
  name: ConsumerName,
  kind: 'retryParked' | 'skipParked',
  options: RetryParkedOptions & { readonly sequenceNumber?: string },
): Promise<OrderedShard[]> {
  const { shardId, timeoutMs = DEFAULT_TIMEOUT_MS, partitionKey, ...asked } = options;
  const request: Order = partitionKey === undefined ? asked : { ...asked, keyDigest: partitionKeyDigest(partitionKey) };
  const deadline = Date.now() + timeoutMs;
  const running = await runningShardWorkflows(client, name);
  const meant = shardId === undefined ? running : running.filter((workflowId) => workflowId.endsWith(`/${shardId}`));
  if (meant.length === 0) throw nothingRuns(name, shardId);
  const parked = shardId === undefined ? await parkedAmong(client, meant, { request, deadline }) : meant;
  if (parked.length === 0) throw nothingParked(name, request);
  const answers = await mapConcurrently(parked, AT_A_TIME, async (workflowId) => {
    const sending = { workflowId, update: messageNames[kind], request, deadline };
    return order(client, sending).then(
      (status) => ({ workflowId, status }),
      (error: unknown) => ({ error: error instanceof Error ? error : new Error(String(error)) }),
    );
  });
  const ordered = answers.flatMap((answer) => ('status' in answer ? [answer] : []));
  const errors = answers.flatMap((answer) => ('error' in answer ? [answer.error] : []));
  const [first] = ordered.length === 0 ? errors : errors.filter((error) => codeOf(error) !== 'NOT_PARKED');
  if (first !== undefined) throw first;
  return ordered;
}

/** Workflows of shards that say that they, or partition keys of theirs, are parked. */
async function parkedAmong(
  client: Client,
  workflowIds: readonly string[],
  { request, deadline }: Pick<Sending, 'request' | 'deadline'>,
): Promise<string[]> {
  const isParked = await mapConcurrently(workflowIds, AT_A_TIME, async (workflowId) => {
    const status = await ask(client, workflowId, deadline);
    if (status === undefined) return false;
    const { halt, progress } = status;
    return (request.keyDigest === undefined && halt !== undefined) || (progress.parkedKeys ?? 0) > 0;
  });
  return workflowIds.filter((_, index) => isParked[index]);
}

/** Undefined if it ended meanwhile. */
async function ask(client: Client, workflowId: string, deadline: number): Promise<ShardStatus | undefined> {
  const query = (): Promise<ShardStatus> => client.workflow.getHandle(workflowId).query(messageNames.shardStatus);
  try {
    return await client.withDeadline(deadline, query);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw isWithoutWorker(error, deadline) ? noWorker('No worker has told what is parked', workflowId, error) : error;
  }
}

interface Sending {
  readonly workflowId: string;
  readonly update: string;
  readonly request: Order;
  readonly deadline: number;
}

async function order(client: Client, { workflowId, update, request, deadline }: Sending): Promise<ShardStatus> {
  let isAccepted = false;
  const send = (): Promise<{ result(): Promise<ShardStatus> }> =>
    client.workflow.getHandle(workflowId).startUpdate<ShardStatus, [Order]>(update, {
      args: [request],
      waitForStage: WorkflowUpdateStage.ACCEPTED,
    });
  try {
    const accepted = await client.withDeadline(deadline, send);
    isAccepted = true;
    return await client.withDeadline(deadline, () => accepted.result());
  } catch (error) {
    const cause = error instanceof WorkflowUpdateFailedError ? error.cause : undefined;
    const code = codeOf(cause);
    if (cause !== undefined && code !== undefined)
      throw new TidemarkError(code, cause.message, { context: { workflow: workflowId } });
    if (cause !== undefined || error instanceof WorkflowNotFoundError) throw ended(workflowId, error);
    if (!isWithoutWorker(error, deadline)) throw error;
    const what = isAccepted
      ? 'The order was accepted but not carried out in time; it still will be'
      : 'No worker has taken the order in time; it may still be carried out';
    throw noWorker(what, workflowId, error);
  }
}

/** Nobody has answered in time, or Temporal knows that nobody polls. */
function isWithoutWorker(error: unknown, deadline: number): boolean {
  if (Date.now() >= deadline || isGrpcDeadlineError(error)) return true;
  const cause = error instanceof Error ? error.cause : undefined;
  const code: number | undefined = isGrpcServiceError(cause) ? cause.code : undefined;
  return error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || code === GRPC_FAILED_PRECONDITION;
}

function noWorker(what: string, workflow: string, cause: unknown): TidemarkError {
  const hint = 'See that a worker of this consumer runs: `npx tidemark worker <file>`.';
  return new TidemarkError('NO_WORKER', what, { context: { workflow }, hint, cause });
}

function ended(workflow: string, cause: unknown): TidemarkError {
  const what = 'The workflow of the shard ended before the order was carried out';
  return new TidemarkError('WORKFLOW_NOT_FOUND', what, { context: { workflow }, hint: SEE_STATUS, cause });
}

const SEE_STATUS = 'See `npx tidemark status`; `npx tidemark start` starts what does not run.';

function nothingRuns({ consumer, streamName }: ConsumerName, shardId: string | undefined): TidemarkError {
  const what = shardId === undefined ? 'No shard runs' : `Shard ${shardId} does not run`;
  const where = `for consumer ${consumer} on stream ${streamName}`;
  return new TidemarkError('WORKFLOW_NOT_FOUND', `${what} ${where}`, { hint: SEE_STATUS });
}

function nothingParked({ consumer, streamName }: ConsumerName, { keyDigest }: Order): TidemarkError {
  const what = keyDigest === undefined ? 'Nothing' : 'No partition key';
  return new TidemarkError('NOT_PARKED', `${what} of consumer ${consumer} on stream ${streamName} is parked`);
}
