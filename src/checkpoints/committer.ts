/**
 * The commit protocol as an execution runs it: one claim at most, then commits on the token it holds.
 * Every write is sent, byte for byte, until a definite answer; no second write leaves while one is undecided.
 */
import type { TransactWriteItem } from '@aws-sdk/client-dynamodb';
import type { CheckpointRow, CheckpointState, CommitFacts, Writer } from '../core/checkpoint';
import {
  judgeRefusal,
  planClaim,
  planMove,
  trustsToken,
  type Adoption,
  type Belief,
  type ClaimPlan,
  type OrderedMove,
} from '../core/commit-protocol';
import { TidemarkError } from '../core/errors';
import type { ShardIdentity } from '../core/names';
import { backoffMs, WRITE_BACKOFF } from '../core/pacing';
import type { Position } from '../core/positions';
import type { CheckpointStore, CheckpointWrite, EffectsRefused } from './checkpoint-store';

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
  /** Wall clock, epoch milliseconds: fences follow it. */
  readonly nowMs?: () => number;
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

/** `moved`: by this execution. The others tell of what was found; see `planMove`. */
export type MoveResult =
  | {
      readonly kind: 'moved' | 'applied' | 'superseded';
      readonly checkpoint: CheckpointState;
      readonly facts: CommitFacts;
    }
  | { readonly kind: 'fenced' };

/** `EffectsRefused`: the checkpoint is still held and stands where it stood. */
export type CommitResult = 'committed' | 'fenced' | EffectsRefused;

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
    return this.owned(heldOn(belief, belief.token), facts);
  }

  /**
   * Moves the checkpoint forward, and writes the effects with it or not at all. After `fenced` this execution is over: it must never
   * claim again (hole C1). Effects that are refused leave the checkpoint held, unless an earlier sending of this write is undecided.
   */
  async commit(
    position: Position,
    facts: CommitFacts,
    effects: readonly TransactWriteItem[] = [],
  ): Promise<CommitResult> {
    const held = this.checkpoint;
    if (this.phase !== 'held' || held === undefined)
      throw new TidemarkError('INTERNAL', 'A commit by an execution that does not hold the checkpoint');
    this.phase = 'over';
    const next = { ...held, position, token: this.environment.mintToken() };
    const answer = await this.send({
      condition: { token: held.token },
      next,
      facts,
      ...(effects.length > 0 ? { effects } : {}),
    });
    if (answer === 'fenced') return 'fenced';
    this.owned(answer === 'written' ? next : held, facts);
    return answer === 'written' ? 'committed' : answer;
  }

  /**
   * Puts the checkpoint where an operator ordered it, backwards too. It is what this execution does and all of it: every attempt does the
   * same, on the token of the workflow's belief.
   */
  async move(belief: Belief, ordered: OrderedMove, facts: CommitFacts): Promise<MoveResult> {
    if (this.phase !== 'fresh') throw new TidemarkError('INTERNAL', 'An execution moves its checkpoint once');
    this.phase = 'over';
    this.environment.assertOwner();
    const { value: row } = await this.untilDefinite(() => this.environment.store.read(this.identity.shard));
    const plan = planMove(ordered, belief.token, row);
    if (plan.kind === 'fenced') return plan;
    if (plan.kind !== 'write') return { kind: plan.kind, ...asHeld(plan.row) };
    const next = { ...plan.next, token: this.environment.mintToken() };
    const answer = await this.send({ condition: { token: plan.ifToken }, next, facts });
    return answer === 'written' ? { kind: 'moved', checkpoint: next, facts } : { kind: 'fenced' };
  }

  /** The last state that was decided. To be reported only if no call was refused or has failed. */
  get current(): CheckpointState | undefined {
    return this.checkpoint;
  }

  private async claim(belief: Belief, facts: CommitFacts): Promise<AcquireResult> {
    // Each round means that another writer moved in between, and writers are finitely many.
    for (;;) {
      this.environment.assertOwner();
      const { value: row } = await this.untilDefinite(() => this.environment.store.read(this.identity.shard));
      const plan = planClaim(belief, row, this.identity.writer);
      if (plan.kind === 'stale') return { kind: 'fenced' };
      const newest = newestFacts(row, facts);
      const checkpoint = await this.tryClaim(plan, newest, Math.max(belief.fence ?? 0, row?.fence ?? 0));
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
    lastFence: number,
  ): Promise<CheckpointState | undefined> {
    const fence = Math.max(lastFence + 1, this.environment.nowMs?.() ?? 0);
    const next = { ...plan.next, token: this.environment.mintToken(), fence };
    const condition = plan.kind === 'create' ? ({ absent: true } as const) : { token: plan.ifToken };
    return (await this.send({ condition, next, facts })) === 'written' ? next : undefined;
  }

  private async send(
    change: Pick<CheckpointWrite, 'condition' | 'next' | 'facts' | 'effects'>,
  ): Promise<'written' | 'fenced' | EffectsRefused> {
    const write: CheckpointWrite = { ...this.identity, ...change };
    const { value: answer, failures } = await this.untilDefinite(() => this.environment.store.write(write));
    if (answer.kind === 'written') return 'written';
    if (answer.kind === 'refused')
      return judgeRefusal(answer.row, write.next.token) === 'ownLostReply' ? 'written' : 'fenced';
    // This copy wrote nothing, but an earlier one may be on its way still: another write must not leave before that is known.
    if (failures > 0)
      throw new TidemarkError(
        'CHECKPOINT_UNDECIDED',
        'A transaction was refused after an earlier copy of it went unanswered',
      );
    return answer;
  }

  /** Repeats a call until it is decided. Losing the shard meanwhile leaves it undecided, and the activity fails. */
  private async untilDefinite<T>(call: () => Promise<T>): Promise<{ value: T; failures: number }> {
    for (let failures = 0; ; failures += 1) {
      try {
        return { value: await call(), failures };
      } catch (error) {
        if (!(error instanceof TidemarkError) || !error.retryable) throw error;
        this.environment.onTrouble?.(error);
        await this.environment.sleep(backoffMs(WRITE_BACKOFF, failures + 1, this.environment.random()));
      }
    }
  }
}

function heldOn({ position, generation, rewindId, fence }: Belief, token: string): CheckpointState {
  const optional = { ...(rewindId === undefined ? {} : { rewindId }), ...(fence === undefined ? {} : { fence }) };
  return { position, generation, token, ...optional };
}

function claimOf(plan: Exclude<ClaimPlan, { kind: 'stale' }>): Claim {
  return plan.kind === 'create'
    ? { adopted: 'created', previousToken: null }
    : { adopted: plan.adopted, previousToken: plan.ifToken };
}

/** A row as the execution that wrote it held it. */
function asHeld(row: CheckpointRow): { checkpoint: CheckpointState; facts: CommitFacts } {
  return { checkpoint: heldOn({ ...row, needClaim: false }, row.token), facts: factsOf(row) };
}

/** A claim keeps the facts of the row it takes over: they are at least as new as what the workflow carried. */
function newestFacts(row: CheckpointRow | undefined, facts: CommitFacts): CommitFacts {
  return row === undefined || row.totals.records < facts.totals.records ? facts : factsOf(row);
}

function factsOf(row: CheckpointRow): CommitFacts {
  const { totals, committedAtMs, lastArrivalMs, caughtUpAtMs, millisBehindLatest, parkedKeys, trial } = row;
  return { totals, committedAtMs, lastArrivalMs, caughtUpAtMs, millisBehindLatest, parkedKeys, trial };
}
