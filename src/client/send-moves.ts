import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type { MoveRequest } from '../core/control';
import { codeOf, TidemarkError } from '../core/errors';
import { mapConcurrently } from '../core/map-concurrently';
import { messageNames, shardWorkflowId, type StreamIncarnation } from '../core/names';
import type { ShardStatus } from '../core/shard-work';
import type { MovePreview } from './move-preview';
import { sendOrder } from './send-order';

export interface MoveOrder {
  /** Who asks; stands in history. */
  readonly by: string;
  readonly reason: string;
  /**
   * How long to wait until every shard has obeyed, in milliseconds.
   * @default 60000
   */
  readonly timeoutMs?: number;
}

export interface MovedShard {
  readonly shardId: string;
  readonly status: ShardStatus;
}

interface Failure {
  readonly shardId: string;
  readonly error: Error;
}

const DEFAULT_TIMEOUT_MS = 60_000;
const AT_A_TIME = 8;

/** Sends every move that was not refused. @throws what the first shard that was not moved is refused with; it says which ones were moved */
export async function sendMoves(
  client: Client,
  stream: StreamIncarnation,
  previews: readonly MovePreview[],
  { by, reason, timeoutMs = DEFAULT_TIMEOUT_MS }: MoveOrder,
): Promise<MovedShard[]> {
  const deadline = Date.now() + timeoutMs;
  const moving = previews.filter(({ refusal }) => refusal === undefined);
  const answers = await mapConcurrently(moving, AT_A_TIME, ({ shardId, kind, to, nextArrivalMs }) => {
    const id = randomUUID();
    const arrivalMs = nextArrivalMs === undefined ? {} : { arrivalMs: nextArrivalMs };
    const request: MoveRequest = { id, kind, to, by, reason, requestedAtMs: Date.now(), ...arrivalMs };
    const workflowId = shardWorkflowId({ ...stream, shardId });
    const order = { workflowId, update: messageNames.moveCheckpoint, request, deadline, updateId: id };
    return sendOrder<ShardStatus, MoveRequest>(client, order).then(
      (status): MovedShard => ({ shardId, status }),
      (error: unknown): Failure => ({ shardId, error: error instanceof Error ? error : new Error(String(error)) }),
    );
  });
  const moved = answers.flatMap((answer) => ('status' in answer ? [answer] : []));
  const [failure] = answers.flatMap((answer) => ('error' in answer ? [answer] : []));
  if (failure) throw movedInPart(failure, moved);
  return moved;
}

function movedInPart({ shardId, error }: Failure, moved: readonly MovedShard[]): Error {
  const code = codeOf(error);
  if (moved.length === 0 || code === undefined) return error;
  const others = moved.map((shard) => shard.shardId).join(' ');
  const what = `Shard ${shardId} was not moved, ${others} ${moved.length === 1 ? 'was' : 'were'}: ${error.message}`;
  return new TidemarkError(code, what, { hint: '`npx tidemark undo` takes a move back.', cause: error });
}
