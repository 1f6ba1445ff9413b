import { parsePosition, type Position } from '../../src/core/positions';

/**
 * What processes of a proof run write down, one JSON line each.
 *
 * Order between processes is the order of `mono` (CLOCK_MONOTONIC in nanoseconds, comparable between the processes of one
 * machine). `at` is wall time, for people only. The journal stamps both when `append` is called.
 */
export interface Stamp {
  readonly at: number;
  readonly mono: string;
}

/** The stream answered the producer: the record must be handled. Written after the answer. */
export interface PutEntry {
  readonly kind: 'put';
  /** Unique in the whole run. */
  readonly id: string;
  /** Partition key. A producer has one request per key in flight, so counters follow sequence numbers. */
  readonly key: string;
  /** 1, 2, 3, ... per key. */
  readonly counter: number;
  readonly shardId: string;
  readonly sequenceNumber: string;
}

/** The record was (or is about to be) sent and the answer is not known: it may be in the stream, once or more, or not. */
export interface PutUnknownEntry {
  readonly kind: 'putUnknown';
  readonly id: string;
  readonly key: string;
  readonly counter: number;
}

/** The handler's effect. Synced before the handler returns; records of a batch in the order in which they were given. */
export interface HandledEntry {
  readonly kind: 'handled';
  readonly id: string;
  readonly key: string;
  readonly counter: number;
  readonly shardId: string;
  readonly sequenceNumber: string;
  /** Name of the process, unique for each start: a restarted worker has another name. */
  readonly worker: string;
  /** runId/activityId/attempt of the execution. */
  readonly slice: string;
}

interface Write {
  readonly shardId: string;
  readonly generation: number;
  readonly token: string;
  /** Token on which the write was conditional; null where the row was created. */
  readonly previousToken: string | null;
  readonly worker: string;
  readonly slice: string;
  /** `monotonicNow()` just before the write was first sent; `mono` is after its success. It took effect in between. */
  readonly sentMono: string;
}

/** A commit that succeeded. Synced before the execution goes on to its next batch. */
export interface CommittedEntry extends Write {
  readonly kind: 'committed';
  readonly from: Position;
  readonly to: Position;
}

/**
 * A claim that succeeded: the execution starts at `position` with `token`. Synced before its first batch. A rewind is
 * written down as a claim with a higher generation, by whoever applied it.
 */
export interface ClaimedEntry extends Write {
  readonly kind: 'claimed';
  readonly position: Position;
}

/** A claim or commit that was definitely refused (fenced). Never for a write whose outcome is unknown. */
export interface RefusedEntry {
  readonly kind: 'refused';
  readonly shardId: string;
  readonly worker: string;
  readonly slice: string;
}

/** Lineage. One entry for each shard of the stream, with all its parents. */
export interface ShardEntry {
  readonly kind: 'shard';
  readonly shardId: string;
  readonly parents: readonly string[];
}

export type Signal = 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT';

/** A fault. Written just before the signal is sent. */
export interface KillEntry {
  readonly kind: 'kill';
  readonly worker: string;
  readonly signal: Signal;
  /** How many shards the worker had, if known. */
  readonly shards?: number;
}

/** Rows of the checkpoint table are about to be lost, or have just been: one entry before and one after. */
export interface LossEntry {
  readonly kind: 'loss';
  readonly what: string;
}

export type JournalRecord =
  | PutEntry
  | PutUnknownEntry
  | HandledEntry
  | CommittedEntry
  | ClaimedEntry
  | RefusedEntry
  | ShardEntry
  | KillEntry
  | LossEntry;

export type JournalEntry = JournalRecord & Stamp;

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === 'string' && value !== '';
const integer: Check = (value) => Number.isSafeInteger(value);
const digits: Check = (value) => typeof value === 'string' && /^\d+$/.test(value);
const position: Check = (value) => parsePosition(value) !== undefined;
const texts: Check = (value) => Array.isArray(value) && value.every(text);
const textOrNull: Check = (value) => value === null || text(value);
const signal: Check = (value) => ['SIGKILL', 'SIGTERM', 'SIGSTOP', 'SIGCONT'].includes(value as string);

const message = { id: text, key: text, counter: integer };
const place = { shardId: text, sequenceNumber: digits };
const execution = { shardId: text, worker: text, slice: text };
const write = { ...execution, generation: integer, token: text, previousToken: textOrNull, sentMono: digits };

const FIELDS: Readonly<Record<JournalRecord['kind'], Readonly<Record<string, Check>>>> = {
  put: { ...message, ...place },
  putUnknown: message,
  handled: { ...message, ...place, ...execution },
  committed: { ...write, from: position, to: position },
  claimed: { ...write, position },
  refused: execution,
  shard: { shardId: text, parents: texts },
  kill: { worker: text, signal },
  loss: { what: text },
};

/** One parsed line as an entry; throws an error that names the kind and the field which is wrong. */
export function toJournalEntry(value: unknown): JournalEntry {
  if (typeof value !== 'object' || value === null) throw new TypeError('not an object');
  const entry = value as Record<string, unknown>;
  const kind = String(entry.kind);
  const fields = Object.hasOwn(FIELDS, kind) ? FIELDS[kind as JournalRecord['kind']] : undefined;
  if (!fields) throw new TypeError(`unknown kind ${JSON.stringify(entry.kind)}`);
  for (const [name, isRight] of Object.entries({ ...fields, at: integer, mono: digits })) {
    if (!isRight(entry[name])) throw new TypeError(`${kind}: wrong ${name} ${JSON.stringify(entry[name])}`);
  }
  return entry as unknown as JournalEntry;
}
