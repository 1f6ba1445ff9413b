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

/** A shard is paused while either is in force: its own, or that of its consumer. */
export type Pauses = { readonly [Scope in PauseScope]?: Pause };

/** The pause to be shown: the shard's own before that of the consumer. */
export function pauseOf(pauses: Pauses | undefined): Pause | undefined {
  return pauses?.shard ?? pauses?.consumer;
}

/** When the first of them ends by itself, epoch milliseconds. */
export function firstEndOf({ shard, consumer }: Pauses): number | undefined {
  const ends = [shard, consumer].flatMap((pause) => pause?.untilMs ?? []);
  return ends.length === 0 ? undefined : Math.min(...ends);
}

/** Those whose time is not over. */
export function pausesInForce({ shard, consumer }: Pauses, nowMs: number): Pauses {
  const isInForce = (pause: Pause | undefined): pause is Pause =>
    pause !== undefined && (pause.untilMs === undefined || pause.untilMs > nowMs);
  return { ...(isInForce(shard) ? { shard } : {}), ...(isInForce(consumer) ? { consumer } : {}) };
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
  readonly isBack?: boolean;
}

/** The last move of a shard, for status, history and undo. */
export interface MoveNote extends ControlRequest {
  readonly kind: MoveKind;
  readonly id: string;
  readonly from: Position;
  readonly to: Position;
  readonly atMs: number;
  /** Whether it went back; an undo goes the other way than what it undoes. */
  readonly isBack: boolean;
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

/** Beyond what a Date holds, the workflow could not even show it. */
const MAX_PAUSE_MS = 366 * 86_400_000;

/** Undefined for a pause that may be accepted. Gets whatever somebody typed. */
export function refusePause(request: Given<PauseRequest>, nowMs: number): Refusal | undefined {
  const { untilMs } = request ?? {};
  const unnamed = refuseUnnamed(request);
  if (unnamed || untilMs === undefined) return unnamed;
  const isLater = typeof untilMs === 'number' && untilMs > nowMs && untilMs <= nowMs + MAX_PAUSE_MS;
  return isLater
    ? undefined
    : invalid('Expected `untilMs` to be a time in the future, within a year, in epoch milliseconds');
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
  // Kinesis refuses an iterator at a time to come: the shard could not be read any more.
  const isToCome = position?.at === 'AT_TIMESTAMP' && position.timestampMs > Number(requestedAtMs);
  if (!KINDS.includes(kind)) return invalid("Expected `kind` to be one of 'rewind', 'skip', 'undo'");
  if (kind !== 'undo' && !reason) return invalid('A move must say why: { by, reason }');
  if (typeof id !== 'string' || id === '') return invalid('Expected `id` to be a text');
  if (!Number.isSafeInteger(requestedAtMs))
    return invalid('Expected `requestedAtMs` to be a time in epoch milliseconds');
  if (isToCome) return invalid('Expected `to` to be a time that is past');
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

export function goesBack(kind: MoveKind, lastMove: MoveNote | undefined): boolean {
  return kind === 'undo' ? lastMove?.isBack === false : kind === 'rewind';
}

/** Once the slice has ended: a rewind goes back and a skip goes forward, wherever the shard has come to meanwhile. */
export function refuseDirection(
  { kind, to, arrivalMs }: Pick<MoveRequest, 'kind' | 'to' | 'arrivalMs'>,
  { position, lastArrivalMs, lastMove }: Standing,
): Refusal | undefined {
  if (position.at === 'SHARD_END') return refused('The shard is finished: its checkpoint is not moved any more');
  if (kind === 'undo') return refuseUndo(to, { position, lastArrivalMs, lastMove });
  const order = compareReached({ position: to, arrivalMs }, { position, arrivalMs: lastArrivalMs });
  const stands = `the checkpoint stands ${describePosition(position)}`;
  if (order === undefined)
    return refused(`It cannot be told whether that is back or forward: ${stands}. Name a time, or TRIM_HORIZON`);
  if (kind === 'rewind' && order >= 0) return refused(`That is not back: ${stands}. To go forward, skip ahead`);
  if (kind === 'skip' && order <= 0) return refused(`That is not forward: ${stands}. To go back, rewind`);
  return undefined;
}

function refuseUndo(to: Position, { position, lastArrivalMs, lastMove }: Standing): Refusal | undefined {
  if (lastMove === undefined) return refused('There is no move to undo since the consumer was started');
  const { from, isBack } = lastMove;
  if (comparePositions(to, from) !== 0) return refused('Another move was made meanwhile');
  const left = compareReached({ position: from }, { position, arrivalMs: lastArrivalMs });
  if (!isBack || left === undefined || left > 0) return undefined;
  return refused(`There is nothing left to undo: the shard has come back to where it was (${describePosition(from)})`);
}

interface Reached {
  readonly position: Position;
  /** Of a target: arrival of the first record there. Of a checkpoint: of the last record that it covers. */
  readonly arrivalMs?: number;
}

/**
 * Which of two positions covers more, by arrival times where a time meets a sequence number: the order of positions says nothing
 * about them. Undefined where these are not known.
 */
function compareReached(target: Reached, checkpoint: Reached): number | undefined {
  const [to, at] = [target.position, checkpoint.position];
  if (to.at === 'AT_TIMESTAMP' && 'sequenceNumber' in at)
    return checkpoint.arrivalMs === undefined ? undefined : to.timestampMs > checkpoint.arrivalMs ? 1 : -1;
  if ('sequenceNumber' in to && at.at === 'AT_TIMESTAMP')
    return target.arrivalMs === undefined ? undefined : target.arrivalMs >= at.timestampMs ? 1 : -1;
  return comparePositions(to, at);
}

function invalid(message: string): Refusal {
  return { code: 'INVALID_OPTION', message };
}

function refused(message: string): Refusal {
  return { code: 'MOVE_REFUSED', message };
}
