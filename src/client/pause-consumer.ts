import type { Client } from '@temporalio/client';
import type { PauseRequest, ResumeRequest } from '../core/control';
import type { ControlShardsResult } from '../core/control-work';
import { codeOf } from '../core/errors';
import { mapConcurrently } from '../core/map-concurrently';
import { messageNames, streamWorkflowId } from '../core/names';
import { deadlineAfter } from './deadline-after';
import { sendOrder } from './send-order';
import { shardWorkflows } from './shard-workflows';
import type { ConsumerName } from './stop-consumer';

export interface ResumeOptions {
  /** Only this shard. Default: the consumer, with the shards that are to come. */
  readonly shardId?: string;
  /** Who asks; stands in history. */
  readonly by: string;
  readonly reason?: string;
  /**
   * How long to wait until every shard has obeyed, in milliseconds.
   * @default 60000
   */
  readonly timeoutMs?: number;
}

export interface PauseOptions extends ResumeOptions {
  /** When it ends by itself, epoch milliseconds. Default: when it is resumed. */
  readonly untilMs?: number;
}

/** So many shards have obeyed. */
export interface ControlledConsumer {
  readonly shards: number;
}

const DEFAULT_TIMEOUT_MS = 60_000;
const AT_A_TIME = 16;

/**
 * Pauses a consumer, or one shard of it, at the next commits. A shard that appears while its consumer is paused waits too.
 * @throws `WORKFLOW_NOT_FOUND`, `NO_WORKER`, `INVALID_OPTION`
 */
export function pauseConsumer(client: Client, name: ConsumerName, options: PauseOptions): Promise<ControlledConsumer> {
  const { by, reason, untilMs } = options;
  return control(client, name, options, {
    update: messageNames.pause,
    requestFor: (scope): PauseRequest => ({ by, reason, untilMs, scope }),
  });
}

/** Ends a pause. That of one shard does not end with its consumer's: it is to be resumed by name. */
export function resumeConsumer(
  client: Client,
  name: ConsumerName,
  options: ResumeOptions,
): Promise<ControlledConsumer> {
  const { by, reason } = options;
  return control(client, name, options, {
    update: messageNames.resume,
    requestFor: (scope): ResumeRequest => ({ by, reason, scope }),
  });
}

interface Order {
  readonly update: string;
  readonly requestFor: (scope: 'shard' | 'consumer') => PauseRequest | ResumeRequest;
}

async function control(
  client: Client,
  name: ConsumerName,
  { shardId, timeoutMs = DEFAULT_TIMEOUT_MS }: ResumeOptions,
  { update, requestFor }: Order,
): Promise<ControlledConsumer> {
  const deadline = deadlineAfter(timeoutMs);
  if (shardId === undefined) {
    const sending = { workflowId: streamWorkflowId(name), update, request: requestFor('consumer'), deadline };
    const viaStream = await unlessNotFound(() => sendOrder<ControlShardsResult, unknown>(client, sending));
    if (viaStream) return viaStream;
  }
  const workflowIds = await shardWorkflows(client, name, shardId);
  // Where no workflow follows the stream, each shard is on its own.
  const sending = { update, request: requestFor('shard'), deadline };
  await mapConcurrently(workflowIds, AT_A_TIME, (workflowId) => sendOrder(client, { ...sending, workflowId }));
  return { shards: workflowIds.length };
}

async function unlessNotFound<T>(action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    if (codeOf(error) === 'WORKFLOW_NOT_FOUND') return undefined;
    throw error;
  }
}
