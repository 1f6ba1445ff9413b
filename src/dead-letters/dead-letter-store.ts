import type { TransactWriteItem } from '@aws-sdk/client-dynamodb';
import type { EffectsRefused } from '../checkpoints/checkpoint-store';
import type { DeadLetter, DeadLetterError, DeadLetterHead, DeadLetterKey, DeadLetterStatus } from '../core/dead-letter';
import type { ErrorCode } from '../core/errors';
import type { ShardIdentity } from '../core/names';

/** Which letters of a shard. What is left out does not matter. Times are epoch milliseconds, both bounds included. */
export interface DeadLetterFilter {
  readonly status?: DeadLetterStatus;
  /** Code of the last error. */
  readonly code?: ErrorCode;
  /** Set aside at this time or later. */
  readonly fromMs?: number;
  readonly toMs?: number;
}

/** A place between letters, by the letter before it. */
export type DeadLetterPosition = Pick<DeadLetterKey, 'sequenceNumber' | 'subSequenceNumber'>;

export interface DeadLetterQuery extends DeadLetterFilter {
  /** Begin behind this letter, whether it exists or not. */
  readonly after?: DeadLetterPosition;
  /** Most letters to return, at least 1. */
  readonly limit: number;
}

export interface DeadLetterPage {
  /** In the order of the records. */
  readonly letters: readonly DeadLetterHead[];
  /** Where the next page begins; left out where nothing follows. */
  readonly after?: DeadLetterPosition;
}

export interface DeadLetterCounts {
  readonly total: number;
  readonly byStatus: Readonly<Record<string, number>>;
  /** By the code of the last error. */
  readonly byCode: Readonly<Record<string, number>>;
}

/** A decision about a letter. Sent again it is the same: same id, same bytes. */
export interface LetterChange {
  /** Random, minted once per decision before it is first sent: tells our own write whose answer was lost. At most 36 characters. */
  readonly id: string;
  readonly status: DeadLetterStatus;
  readonly decidedBy?: string;
  readonly reason?: string;
  readonly atMs: number;
  readonly redriveId?: string;
  /** One more failure. */
  readonly addError?: DeadLetterError;
}

/** A change of the letter as it was read: its version is the condition. */
export interface LetterMark {
  readonly letter: DeadLetterHead;
  readonly change: LetterChange;
}

/** A definite answer. `conflict`: nothing was written; `letter` is what stands there now, undefined if it is gone. */
export type MarkAnswer =
  | { readonly kind: 'marked'; readonly letter: DeadLetterHead }
  | { readonly kind: 'conflict'; readonly letter?: DeadLetterHead };

/** `conflict`: one of the letters was changed meanwhile. Nothing was written, as with `EffectsRefused`. */
export type MarkAllAnswer = { readonly kind: 'marked' } | { readonly kind: 'conflict' } | EffectsRefused;

/**
 * Where dead letters are kept: in the table of the checkpoints, beside the checkpoint of their shard.
 *
 * Every call gives a definite answer or throws: a retryable `TidemarkError` leaves a write undecided, and the caller sends the same write
 * again. A letter that cannot be read is `CHECKPOINT_DAMAGED`, which names its item.
 */
export interface DeadLetterStore {
  /**
   * Writes what of the payload does not fit the letter's head. Before the head, and harmless without it: a letter exists if, and only if,
   * its head does. Sent again it writes the same.
   */
  putParts(letter: DeadLetter): Promise<void>;
  /**
   * The write that makes the letter exist, to be sent in the transaction that moves the checkpoint past its record. One that stands there
   * from before a rewind is replaced.
   */
  headItem(letter: DeadLetter): TransactWriteItem;
  /** Letters in the order of their records. Does not read payloads. */
  list(shard: ShardIdentity, query: DeadLetterQuery): Promise<DeadLetterPage>;
  count(shard: ShardIdentity, filter: DeadLetterFilter): Promise<DeadLetterCounts>;
  /** With its payload; undefined if there is no such letter. @throws `CHECKPOINT_DAMAGED` where a part of the payload is missing */
  get(key: DeadLetterKey): Promise<DeadLetter | undefined>;
  mark(mark: LetterMark): Promise<MarkAnswer>;
  /** `mark` as a part of somebody else's transaction. */
  markItem(mark: LetterMark): TransactWriteItem;
  /** Changes of one to 100 letters and effects, in one transaction: all or nothing. */
  markAll(marks: readonly LetterMark[], effects: readonly TransactWriteItem[]): Promise<MarkAllAnswer>;
}
