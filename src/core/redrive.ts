/** Dead letters are handled again: what crosses the border of its workflow, and the decisions. Never a record or a partition key. */
import type { DeadLetterHead } from './dead-letter';
import type { ErrorCode } from './errors';
import type { StreamIncarnation } from './names';
import { overlap, parseRecordName, type RecordPlace } from './record-name';
import type { ControlRequest } from './control';
import type { ErrorNote, Timing } from './shard-work';

/** Which letters. What is left out does not matter. Times are epoch milliseconds at which a letter was set aside, bounds included. */
export interface RedriveFilter {
  readonly shardId?: string;
  /** Of the record; `seq.sub` for one user record of an aggregate, where `seq` means all of them. */
  readonly sequenceNumber?: string;
  /** Code of the last error. */
  readonly code?: ErrorCode;
  readonly fromMs?: number;
  readonly toMs?: number;
}

/** A redrive as it was asked for. */
export interface RedriveRequest extends ControlRequest {
  /** Random: letters bear it, so that a redrive knows its own marks. */
  readonly id: string;
  readonly stream: StreamIncarnation;
  readonly filter: RedriveFilter;
  /** Which letters are tried, and stay so if they fail again. Parked ones are tried by their own shard only. Default: open ones. */
  readonly status?: 'OPEN' | 'PARKED';
  /** Letters that were set aside later are left alone. */
  readonly startedAtMs: number;
}

export interface RedriveCounts {
  /** Open letters that the redrive found when it began. */
  readonly total: number;
  readonly redriven: number;
  /** Failed again: they stay open, with one more error. */
  readonly failed: number;
  /** Not tried, because an earlier letter of their partition key had failed: they stay open. */
  readonly held: number;
  /** Changed by somebody else meanwhile, or expired. */
  readonly skipped: number;
}

/** How far a redrive has come: what is carried from slice to slice. */
export interface RedriveProgress extends RedriveCounts {
  /** Shard and letter that were looked at last; left out before the first one. */
  readonly cursor?: RedriveCursor;
  /** Digests of the partition keys that have failed in this redrive. */
  readonly heldKeys: readonly string[];
}

export interface RedriveCursor {
  readonly shardId: string;
  /** Left out where the shard is done. */
  readonly after?: { readonly sequenceNumber: string; readonly subSequenceNumber?: number };
}

/**
 * A redrive in which this many partition keys have failed ends: the handler is broken, or it is not ready for these letters. Also bounds
 * what goes through Temporal's history.
 */
export const MAX_HELD_KEYS = 1_000;

/** Input of the activity `redriveDeadLetters`. */
export interface RedriveInput extends RedriveRequest {
  /** Left out in the first slice, which counts the letters. */
  readonly progress?: RedriveProgress;
}

/** Result of the activity `redriveDeadLetters`. `interval`, `cancelled`, `handOver`: more may be left. */
export interface RedriveResult {
  readonly end: 'interval' | 'cancelled' | 'handOver' | RedriveEnd;
  /** Left out where the slice ended before the letters were counted. */
  readonly progress?: RedriveProgress;
  readonly timing: Timing;
  readonly worker: string;
}

/** How a redrive ends. `tooManyFailures`: `MAX_HELD_KEYS` partition keys have failed, and the letters behind were left alone. */
export type RedriveEnd = 'done' | 'tooManyFailures';

/** Input of the redrive workflow; `carried` only after continue-as-new. */
export interface RedriveWorkflowInput extends RedriveRequest {
  readonly timing: Timing;
  /** Search attributes are upserted only where the namespace has them. */
  readonly searchAttributes: boolean;
  /** Continue as new at this many history events instead of when the server suggests it. For tests. */
  readonly maxHistoryEvents?: number;
  readonly carried?: RedriveCarried;
}

export interface RedriveCarried {
  readonly progress?: RedriveProgress;
  readonly slices: number;
}

export interface RedriveOutcome extends RedriveCounts {
  readonly end: RedriveEnd;
}

/** Answer of the redrive's status query. */
export interface RedriveStatus extends RedriveCounts {
  /** False until the first slice has counted the letters. */
  readonly isCounted: boolean;
  readonly done: boolean;
  readonly end?: RedriveEnd;
  readonly by: string;
  readonly reason?: string;
  readonly filter: RedriveFilter;
  readonly startedAtMs: number;
  readonly slices: number;
  readonly worker?: string;
  readonly lastError?: ErrorNote;
}

export const NO_COUNTS: RedriveCounts = { total: 0, redriven: 0, failed: 0, held: 0, skipped: 0 };

/**
 * What a redrive does with a letter that it comes to. The last three bear a mark of this redrive, by an execution that has died since:
 * it had handled the letter, or the letter had failed, or the handler had it alone when the execution died.
 */
export type LetterVerdict = 'ignore' | 'try' | 'passed' | 'failedBefore' | 'died';

/** A letter is tried if it is open, was set aside before the redrive began, and is asked for. */
export function judgeLetter(letter: DeadLetterHead, request: RedriveRequest): LetterVerdict {
  const { filter, startedAtMs, id, status: tried = 'OPEN' } = request;
  const { writtenAtMs, status, redriveId, decidedAtMs, errors } = letter;
  if (writtenAtMs > startedAtMs || !isAskedFor(letter, filter)) return 'ignore';
  const isMarkedHere = redriveId === id;
  if (status === 'REDRIVEN') return isMarkedHere ? 'passed' : 'ignore';
  if (status !== tried) return 'ignore';
  // A failure is written with its mark, at the same time.
  if (isMarkedHere) return errors.at(-1)?.atMs === decidedAtMs ? 'failedBefore' : 'died';
  return hasCode(letter, filter) ? 'try' : 'ignore';
}

function isAskedFor(letter: DeadLetterHead, { sequenceNumber, fromMs, toMs }: RedriveFilter): boolean {
  return (
    isNamed(letter, sequenceNumber) &&
    (fromMs === undefined || letter.writtenAtMs >= fromMs) &&
    (toMs === undefined || letter.writtenAtMs <= toMs)
  );
}

/** Whether a letter is of the record that is asked for, if one is. */
export function isNamed(letter: RecordPlace, name: string | undefined): boolean {
  const wanted = name === undefined ? undefined : parseRecordName(name);
  return name === undefined || (wanted !== undefined && overlap(letter, wanted));
}

/** To be asked only of a letter that this redrive has not tried: a failure of its own changes the code. */
function hasCode({ errors }: DeadLetterHead, { code }: RedriveFilter): boolean {
  return code === undefined || errors.at(-1)?.code === code;
}

/** Where to begin in a shard: behind the last letter that was looked at, or right before the one that is asked for. */
export function startIn(
  shardId: string,
  cursor: RedriveCursor | undefined,
  { sequenceNumber }: RedriveFilter,
): RedriveCursor['after'] {
  if (cursor?.shardId === shardId) return cursor.after;
  const wanted = sequenceNumber === undefined ? undefined : parseRecordName(sequenceNumber);
  if (wanted === undefined || BigInt(wanted.sequenceNumber) === 0n) return undefined;
  return { sequenceNumber: String(BigInt(wanted.sequenceNumber) - 1n), subSequenceNumber: 99_999_999 };
}

/** Shards that are still to be looked at, in order: the cursor's own, unless it is done, and those behind it. */
export function shardsLeft(ordered: readonly string[], cursor: RedriveCursor | undefined): readonly string[] {
  if (cursor === undefined) return ordered;
  const index = ordered.indexOf(cursor.shardId);
  return ordered.slice(cursor.after === undefined ? index + 1 : Math.max(index, 0));
}

/** Consecutive letters for one run of the handler: not more than `maxLetters`, nor more bytes, but at least one. */
export function takeBatch<T extends { readonly bytes: number }>(
  letters: readonly T[],
  { maxLetters, maxBytes }: { readonly maxLetters: number; readonly maxBytes: number },
): readonly T[] {
  let bytes = 0;
  const end = letters.findIndex((letter, index) => {
    bytes += letter.bytes;
    return index > 0 && (index >= maxLetters || bytes > maxBytes);
  });
  return end === -1 ? letters : letters.slice(0, end);
}

export function isOver({ heldKeys }: RedriveProgress): boolean {
  return heldKeys.length >= MAX_HELD_KEYS;
}

/** Letters that were neither handled nor passed over yet. */
export function lettersLeft({ total, redriven, failed, held, skipped }: RedriveCounts): number {
  return Math.max(0, total - redriven - failed - held - skipped);
}

/** The workflow's state between slices. */
export interface RedriveState extends RedriveCarried {
  readonly timing: Timing;
  readonly end?: RedriveEnd;
  readonly worker?: string;
  readonly lastError?: ErrorNote;
}

export function initialRedriveState({ carried, timing }: RedriveWorkflowInput): RedriveState {
  return { slices: 0, timing, ...carried };
}

export function foldRedrive(state: RedriveState, { end, progress, timing, worker }: RedriveResult): RedriveState {
  const isEnd = end === 'done' || end === 'tooManyFailures';
  return { slices: state.slices + 1, progress, timing, worker, ...(isEnd ? { end } : {}) };
}

export function redriveStatusOf(
  { by, reason, filter, startedAtMs }: RedriveRequest,
  { progress, slices, end, worker, lastError }: RedriveState,
): RedriveStatus {
  const { total, redriven, failed, held, skipped } = progress ?? NO_COUNTS;
  return {
    total,
    redriven,
    failed,
    held,
    skipped,
    isCounted: progress !== undefined,
    done: end !== undefined,
    by,
    filter,
    startedAtMs,
    slices,
    ...(end === undefined ? {} : { end }),
    ...(reason === undefined ? {} : { reason }),
    ...(worker === undefined ? {} : { worker }),
    ...(lastError === undefined ? {} : { lastError }),
  };
}
