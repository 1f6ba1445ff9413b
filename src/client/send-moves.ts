import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type { MoveRequest } from '../core/control';
import { codeOf, TidemarkError } from '../core/errors';
import { mapConcurrently } from '../core/map-concurrently';
import { messageNames, shardWorkflowId, type StreamIncarnation } from '../core/names';
import type { ShardStatus } from '../core/shard-work';
import { deadlineAfter } from './deadline-after';
import type { MovePreview } from './move-preview';
import { refusalOf } from './grpc-refusal';
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

interface Answered {
  readonly shardId: string;
}

interface Failure extends Answered {
  readonly error: Error;
}

const DEFAULT_TIMEOUT_MS = 60_000;
const AT_A_TIME = 8;
const MAX_NAMES = 10;

/** Sends every move that was not refused. @throws the first failure; where some shards were moved, it says which ones */
export async function sendMoves(
  client: Client,
  stream: StreamIncarnation,
  previews: readonly MovePreview[],
  { by, reason, timeoutMs = DEFAULT_TIMEOUT_MS }: MoveOrder,
): Promise<MovedShard[]> {
  const deadline = deadlineAfter(timeoutMs);
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
  const failed = answers.flatMap((answer) => ('error' in answer ? [answer] : []));
  const [first] = failed;
  if (first) throw moved.length === 0 ? first.error : movedInPart(moved, failed, first.error);
  return moved;
}

/** An order that was not confirmed may still be carried out. */
function movedInPart(moved: readonly Answered[], failed: readonly Answered[], error: Error): TidemarkError {
  const isOfTemporal = refusalOf(error).code !== undefined;
  const code = codeOf(error) ?? (isOfTemporal ? 'TEMPORAL_UNAVAILABLE' : 'INTERNAL');
  const what = `Moved: ${namesOf(moved)}. Not confirmed: ${namesOf(failed)}. The first of these: ${error.message}`;
  const hint = 'See `npx tidemark status`. `npx tidemark undo` takes back what was moved.';
  return new TidemarkError(code, what, { hint, cause: error });
}

function namesOf(shards: readonly Answered[]): string {
  const names = shards.slice(0, MAX_NAMES).map(({ shardId }) => shardId);
  const others = shards.length - names.length;
  return [...names, ...(others > 0 ? [`and ${others} more`] : [])].join(' ');
}
