/** What an operator may order a shard to do, and when that is refused: pure. */
import type { ErrorCode } from './errors';
import { comparePositions, describePosition, parsePosition, type Position } from './positions';

/** Who asked for something and why; recorded in history. */
export interface ControlRequest {
  readonly by: string;
  readonly reason?: string;
}

/** What a pause concerns: a pause of the consumer ends with that of the consumer, one of the shard by itself. */
export type PauseScope = 'shard' | 'consumer';

export interface PauseRequest extends ControlRequest {
  readonly scope: PauseScope;
  /** When it ends by itself, epoch milliseconds. */
  readonly untilMs?: number;
}

export interface ResumeRequest extends ControlRequest {
  readonly scope: PauseScope;
}

/** Why a shard is not read. Survives deploys and continue-as-new; a stop ends it. */
export interface Pause extends PauseRequest {
  readonly atMs: number;
}

/**
 * `rewind`: back, records are handled again. `skip`: forward, records are never handled. `undo`: to where the checkpoint stood before
 * the last of these.
 */
export type MoveKind = 'rewind' | 'skip' | 'undo';

export interface MoveRequest extends ControlRequest {
  readonly kind: MoveKind;
  /** Of this order: sent again it is carried out once. */
  readonly id: string;
  readonly to: Position;
  /** Epoch milliseconds: makes the generation of the move unique, whatever a reset workflow remembers (hole C8). */
  readonly requestedAtMs: number;
  /** Arrival time of the last record before `to`, where it is known: tells whether retention still has what follows. */
  readonly arrivalMs?: number;
}

/** An accepted move. */
export interface Move extends MoveRequest {
  readonly generation: number;
  /** Where the checkpoint stood once the shard stood still. */
  readonly from?: Position;
}

/** The last move of a shard, for status, history and undo. */
export interface MoveNote extends ControlRequest {
  readonly kind: MoveKind;
  readonly id: string;
  readonly from: Position;
  readonly to: Position;
  readonly atMs: number;
}

/** What an operator has done with a shard. */
export type ControlStep =
  | {
      readonly kind: 'paused';
      readonly atMs: number;
      readonly by: string;
      readonly reason?: string;
      readonly untilMs?: number;
    }
  | { readonly kind: 'resumed'; readonly atMs: number; readonly by: string; readonly reason?: string }
  | {
      readonly kind: 'moved';
      readonly atMs: number;
      readonly how: MoveKind;
      readonly from: string;
      readonly to: string;
      readonly by: string;
      readonly reason?: string;
    };

export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
}

type Given<T> = Readonly<Partial<Record<keyof T, unknown>>> | undefined;

/** Undefined for a pause that may be accepted. Gets whatever somebody typed. */
export function refusePause(request: Given<PauseRequest>, nowMs: number): Refusal | undefined {
  const { untilMs } = request ?? {};
  const unnamed = refuseUnnamed(request);
  if (unnamed || untilMs === undefined) return unnamed;
  const isLater = typeof untilMs === 'number' && Number.isFinite(untilMs) && untilMs > nowMs;
  return isLater ? undefined : invalid('Expected `untilMs` to be a time in the future, in epoch milliseconds');
}

export function refuseUnnamed(request: Given<ControlRequest>): Refusal | undefined {
  const { by, reason } = request ?? {};
  if (typeof by !== 'string' || by === '') return invalid('A request must say who makes it: { by, reason }');
  return reason === undefined || typeof reason === 'string' ? undefined : invalid('Expected `reason` to be a text');
}

/** Undefined for a move that may be accepted, as far as can be told before the running slice has ended. */
export function refuseMoveRequest(
  request: Given<MoveRequest>,
  { move, isEnding }: { readonly move: Move | undefined; readonly isEnding: boolean },
): Refusal | undefined {
  const wrong = refuseUnnamed(request) ?? wrongMove(request ?? {});
  if (wrong) return wrong;
  if (isEnding) return refused('The shard is being stopped');
  if (move !== undefined) return refused(`An earlier move is being carried out (${move.kind}, by ${move.by})`);
  return undefined;
}

const KINDS: readonly unknown[] = ['rewind', 'skip', 'undo'] satisfies MoveKind[];

function wrongMove({ kind, id, to, requestedAtMs, reason }: NonNullable<Given<MoveRequest>>): Refusal | undefined {
  const position = parsePosition(to);
  const isPlace = position !== undefined && position.at !== 'SHARD_END';
  if (!KINDS.includes(kind)) return invalid("Expected `kind` to be one of 'rewind', 'skip', 'undo'");
  if (kind !== 'undo' && !reason) return invalid('A move must say why: { by, reason }');
  if (typeof id !== 'string' || id === '') return invalid('Expected `id` to be a text');
  if (!Number.isSafeInteger(requestedAtMs))
    return invalid('Expected `requestedAtMs` to be a time in epoch milliseconds');
  return isPlace ? undefined : invalid('Expected `to` to be a position before the end of the shard');
}

/** A generation that no other request has, and that is larger than any that the workflow knows of. */
export function acceptMove(request: MoveRequest, generation: number): Move {
  return { ...request, generation: Math.max(generation + 1, request.requestedAtMs) };
}

export interface Standing {
  readonly position: Position;
  readonly lastArrivalMs?: number;
  readonly lastMove?: MoveNote;
}

/** Once the slice has ended: a rewind goes back and a skip goes forward, wherever the shard has come to meanwhile. */
export function refuseDirection(
  { kind, to }: Move,
  { position, lastArrivalMs, lastMove }: Standing,
): Refusal | undefined {
  const stands = `the checkpoint stands ${describePosition(position)}`;
  if (position.at === 'SHARD_END') return refused('The shard is finished: its checkpoint is not moved any more');
  if (kind === 'undo') return refuseUndo(to, position, lastMove);
  if (to.at === 'AT_TIMESTAMP') {
    if (kind === 'rewind' || lastArrivalMs === undefined || to.timestampMs > lastArrivalMs) return undefined;
    return refused(`That time is passed: records up to ${new Date(lastArrivalMs).toISOString()} are committed`);
  }
  const order = comparePositions(to, position);
  if (kind === 'rewind' && order >= 0) return refused(`That is not back: ${stands}. To go forward, skip`);
  if (kind === 'skip' && order <= 0) return refused(`That is not forward: ${stands}. To go back, rewind`);
  return undefined;
}

function refuseUndo(to: Position, position: Position, lastMove: MoveNote | undefined): Refusal | undefined {
  if (lastMove === undefined) return refused('There is no move to undo');
  if (comparePositions(to, lastMove.from) !== 0) return refused('Another move was made meanwhile');
  const isBack = comparePositions(lastMove.from, position) <= 0;
  if (isRewind(lastMove) && isBack)
    return refused(
      `There is nothing left to undo: the shard has come back to where it was (${describePosition(lastMove.from)})`,
    );
  return undefined;
}

/** Whether a move went back, judged by what it did. */
function isRewind({ kind, from, to }: MoveNote): boolean {
  return kind === 'rewind' || (kind === 'undo' && comparePositions(to, from) < 0);
}

function invalid(message: string): Refusal {
  return { code: 'INVALID_OPTION', message };
}

function refused(message: string): Refusal {
  return { code: 'MOVE_REFUSED', message };
}
