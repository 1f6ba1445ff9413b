/**
 * The commit protocol as an execution runs it: one claim at most, then commits on the token it holds.
 * Every write is sent, byte for byte, until a definite answer; no second write leaves while one is undecided.
 */
import type { CheckpointRow, CheckpointState, CommitFacts, Writer } from '../core/checkpoint';
import {
  judgeRefusal,
  planClaim,
  trustsToken,
  type Adoption,
  type Belief,
  type ClaimPlan,
} from '../core/commit-protocol';
import { TidemarkError } from '../core/errors';
import type { ShardIdentity } from '../core/names';
import { backoffMs, WRITE_BACKOFF } from '../core/pacing';
import type { Position } from '../core/positions';
import type { CheckpointStore, CheckpointWrite } from './checkpoint-store';

/** What one execution needs of the world. Times are monotonic milliseconds, so that a changed wall clock decides nothing. */
export interface ExecutionEnvironment {
  readonly store: CheckpointStore;
  readonly mintToken: () => string;
  readonly random: () => number;
  /** Resolves after `ms`, or rejects when this execution has lost its shard. */
  readonly sleep: (ms: number) => Promise<void>;
  /** Throws once this execution may no longer write: frozen past its heartbeat timeout, or cancelled because another took over. */
  readonly assertOwner: () => void;
  /** Told of each call that failed and will be sent again. */
  readonly onTrouble?: (error: TidemarkError) => void;
}

export interface ExecutionIdentity {
  readonly shard: ShardIdentity;
  readonly writer: Writer;
  readonly workflowId: string;
  readonly parentShardIds: readonly string[];
}

export type AcquireResult =
  | {
      readonly kind: 'owned';
      readonly checkpoint: CheckpointState;
      readonly facts: CommitFacts;
      readonly claimed?: Claim;
    }
  | { readonly kind: 'fenced' };

/** How a claim found the row. */
export interface Claim {
  readonly adopted: Adoption | 'created';
  /** Token of the row that was taken over; null where the row was created. */
  readonly previousToken: string | null;
}

export type CommitResult = 'committed' | 'fenced';

export class Committer {
  private checkpoint: CheckpointState | undefined;
  /** `over` while a write is under way, and for good once one was refused or left undecided: then no other write may leave. */
  private phase: 'fresh' | 'held' | 'over' = 'fresh';

  constructor(
    private readonly environment: ExecutionEnvironment,
    private readonly identity: ExecutionIdentity,
  ) {}

  /** The checkpoint this execution stands on: the trusted token of its input, or else a claim. Once per execution. */
  async acquire(belief: Belief, facts: CommitFacts): Promise<AcquireResult> {
    if (this.phase !== 'fresh') throw new TidemarkError('INTERNAL', 'An execution acquires its checkpoint once');
    this.phase = 'over';
    const { runId, attempt } = this.identity.writer;
    if (!trustsToken(belief, runId, attempt) || belief.token === undefined) return this.claim(belief, facts);
    const { position, generation, token, rewindId } = belief;
    return this.owned({ position, generation, token, ...(rewindId === undefined ? {} : { rewindId }) }, facts);
  }

  /** Moves the checkpoint forward. After `fenced` this execution is over: it must never claim again (hole C1). */
  async commit(position: Position, facts: CommitFacts): Promise<CommitResult> {
    const held = this.checkpoint;
    if (this.phase !== 'held' || held === undefined)
      throw new TidemarkError('INTERNAL', 'A commit by an execution that does not hold the checkpoint');
    this.phase = 'over';
    const next = { ...held, position, token: this.environment.mintToken() };
    const answer = await this.send({ condition: { token: held.token }, next, facts });
    if (answer === 'fenced') return 'fenced';
    this.owned(next, facts);
    return 'committed';
  }

  /** The last state that was decided. To be reported only if no call was refused or has failed. */
  get current(): CheckpointState | undefined {
    return this.checkpoint;
  }

  private async claim(belief: Belief, facts: CommitFacts): Promise<AcquireResult> {
    // Each round means that another writer moved in between, and writers are finitely many.
    for (;;) {
      this.environment.assertOwner();
      const row = await this.untilDefinite(() => this.environment.store.read(this.identity.shard));
      const plan = planClaim(belief, row, this.identity.writer);
      if (plan.kind === 'stale') return { kind: 'fenced' };
      const newest = newestFacts(row, facts);
      const checkpoint = await this.tryClaim(plan, newest);
      if (checkpoint === undefined) continue;
      return this.owned(checkpoint, newest, claimOf(plan));
    }
  }

  private owned(checkpoint: CheckpointState, facts: CommitFacts, claimed?: Claim): AcquireResult {
    this.checkpoint = checkpoint;
    this.phase = 'held';
    return { kind: 'owned', checkpoint, facts, ...(claimed ? { claimed } : {}) };
  }

  private async tryClaim(
    plan: Exclude<ClaimPlan, { kind: 'stale' }>,
    facts: CommitFacts,
  ): Promise<CheckpointState | undefined> {
    const next = { ...plan.next, token: this.environment.mintToken() };
    const condition = plan.kind === 'create' ? ({ absent: true } as const) : { token: plan.ifToken };
    return (await this.send({ condition, next, facts })) === 'written' ? next : undefined;
  }

  private async send(change: Pick<CheckpointWrite, 'condition' | 'next' | 'facts'>): Promise<'written' | 'fenced'> {
    const write: CheckpointWrite = { ...this.identity, ...change };
    const answer = await this.untilDefinite(() => this.environment.store.write(write));
    if (answer.kind === 'written') return 'written';
    return judgeRefusal(answer.row, write.next.token) === 'ownLostReply' ? 'written' : 'fenced';
  }

  /** Repeats a call until it is decided. Losing the shard meanwhile leaves it undecided, and the activity fails. */
  private async untilDefinite<T>(call: () => Promise<T>): Promise<T> {
    for (let failures = 1; ; failures += 1) {
      try {
        return await call();
      } catch (error) {
        if (!(error instanceof TidemarkError) || !error.retryable) throw error;
        this.environment.onTrouble?.(error);
        await this.environment.sleep(backoffMs(WRITE_BACKOFF, failures, this.environment.random()));
      }
    }
  }
}

function claimOf(plan: Exclude<ClaimPlan, { kind: 'stale' }>): Claim {
  return plan.kind === 'create'
    ? { adopted: 'created', previousToken: null }
    : { adopted: plan.adopted, previousToken: plan.ifToken };
}

/** A claim keeps the facts of the row it takes over: they are at least as new as what the workflow carried. */
function newestFacts(row: CheckpointRow | undefined, facts: CommitFacts): CommitFacts {
  if (row === undefined || row.totals.records < facts.totals.records) return facts;
  const { totals, committedAtMs, lastArrivalMs, caughtUpAtMs, millisBehindLatest } = row;
  return { totals, committedAtMs, lastArrivalMs, caughtUpAtMs, millisBehindLatest };
}
