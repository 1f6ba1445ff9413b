import type { HandledEntry, JournalEntry, JournalRecord } from '../../../dev/prove/journal-entries';
import type { InvariantId } from '../../../dev/prove/oracle-report';
import { createRandom, type Random } from '../../../dev/prove/random';
import type { Position } from '../../../src/core/positions';

export interface Plan {
  readonly seed: number;
  readonly shards: number;
  readonly keys: number;
  readonly records: number;
  readonly workers: number;
  readonly kills: number;
  readonly reshards: number;
  readonly maxBatchRecords: number;
  readonly bug?: Bug;
}

export interface SimRecord {
  readonly id: string;
  readonly key: string;
  readonly counter: number;
  readonly sequenceNumber: string;
  isAcknowledged: boolean;
  handlings: number;
}

/** `done`, `token` and `isEnded` are the checkpoint row; `isKnownEnded`, `owner` and `trusted` are what the workflow knows. */
export interface SimShard {
  readonly shardId: string;
  readonly parents: readonly SimShard[];
  readonly records: SimRecord[];
  isClosed: boolean;
  isEnded: boolean;
  isKnownEnded: boolean;
  isStuck: boolean;
  done: number;
  token: string | null;
  claimedBy: number;
  attempts: number;
  owner?: SimSlice;
  trusted?: { readonly cursor: number; readonly token: string };
}

export type Phase = 'claim' | 'journalClaim' | 'read' | 'handle' | 'commit' | 'journalCommit' | 'over';

export interface SimSlice {
  readonly shard: SimShard;
  readonly worker: SimWorker;
  readonly name: string;
  readonly attempt: number;
  readonly isTrusted: boolean;
  phase: Phase;
  cursor: number;
  token: string | null;
  batch: SimRecord[];
  nextInBatch: number;
  /** Where the commit of this batch goes: records covered, and whether it is SHARD_END. */
  target: { done: number; isEnd: boolean };
  written?: JournalRecord;
}

export interface SimWorker {
  readonly name: string;
  state: 'up' | 'draining' | 'frozen' | 'dead';
  wasStopped: boolean;
}

/** One planted bug: the hooks by which it strikes (each says if it could), and what the oracle must call it. */
export interface Bug {
  readonly name: string;
  readonly invariant: InvariantId;
  /** Invariants that this bug may break too. */
  readonly alongside: readonly InvariantId[];
  /** After a claim was journalled. */
  claimed?(world: World, slice: SimSlice): boolean;
  /** After a batch was read. */
  batch?(world: World, slice: SimSlice): boolean;
  /** In place of the journal entry of one handled record. */
  handled?(world: World, slice: SimSlice, entry: HandledEntry): boolean;
  /** In place of a commit. */
  commit?(world: World, slice: SimSlice): boolean;
  /** In place of a refusal. */
  refused?(world: World, slice: SimSlice): boolean;
  /** When a shard's parents are not at SHARD_END. */
  blocked?(world: World, shard: SimShard, worker: SimWorker): boolean;
  /** In place of an execution that trusts the one before. */
  trusted?(world: World, shard: SimShard, worker: SimWorker): boolean;
  /** When all is put. */
  rest?(world: World, shard: SimShard): boolean;
}

/** Clock, journals and choices of one simulated run. */
export class World {
  readonly random: Random;
  readonly shards: SimShard[] = [];
  slices: SimSlice[] = [];
  readonly workers: SimWorker[] = [];
  /** Records that a bug has chosen. */
  readonly marked = new Set<SimRecord>();
  readonly unknownIds = new Set<string>();
  /** Tokens of writes that are in a journal, and the tokens on which those were conditional. */
  readonly journalled = { tokens: new Set<string | null>(), previousTokens: new Set<string | null>() };
  planted = 0;
  private readonly journals = new Map<string, JournalEntry[]>();
  private clockNs = 9_007_199_254_740_993n;
  private minted = 0;

  constructor(readonly plan: Plan) {
    this.random = createRandom(plan.seed);
  }

  now(): string {
    this.clockNs += BigInt(this.random.int(1, 1_000_000));
    return this.clockNs.toString();
  }

  mint(prefix: string): string {
    this.minted += 1;
    return `${prefix}-${this.minted}`;
  }

  write(process: string, record: JournalRecord): void {
    const mono = this.now();
    const journal = this.journals.get(process) ?? [];
    this.journals.set(process, journal);
    this.remember(record);
    journal.push({ ...record, mono, at: Number(BigInt(mono) / 1_000_000n) });
  }

  private remember(record: JournalRecord): void {
    if (record.kind === 'putUnknown') this.unknownIds.add(record.id);
    if (record.kind !== 'committed' && record.kind !== 'claimed') return;
    this.journalled.tokens.add(record.token);
    this.journalled.previousTokens.add(record.previousToken);
  }

  /** Runs a hook of the planned bug: once in a run, at a random opportunity; the hook says if it could strike. */
  strike(hook: ((world: World) => boolean) | undefined): boolean {
    if (!hook || this.planted > 0 || !this.random.chance(0.4) || !hook(this)) return false;
    this.planted += 1;
    return true;
  }

  entries(): JournalEntry[] {
    return this.random.shuffle([...this.journals.values()]).flat();
  }
}

export function positionOf(shard: SimShard, done: number): Position {
  const last = shard.records[done - 1];
  return last ? { at: 'AFTER', sequenceNumber: last.sequenceNumber } : { at: 'TRIM_HORIZON' };
}

export function rowPosition(shard: SimShard): Position {
  return shard.isEnded ? { at: 'SHARD_END' } : positionOf(shard, shard.done);
}
