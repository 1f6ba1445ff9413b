import type { CheckpointWrite } from '../../../src/checkpoints/checkpoint-store';
import type { ExecutionIdentity } from '../../../src/checkpoints/committer';
import type { CheckpointRow, CheckpointState, CommitFacts } from '../../../src/core/checkpoint';
import { judgeRefusal, planClaim, trustsToken, type Belief, type ClaimPlan } from '../../../src/core/commit-protocol';
import { TidemarkError } from '../../../src/core/errors';
import type { Position } from '../../../src/core/positions';
import type { Protocol, ProtocolEnvironment, ProtocolExecution, WriteKind } from './protocol';

/** The rules of the protocol, one by one, so that a variant can break exactly one of them. */
export interface Rules {
  readonly trusts: typeof trustsToken;
  readonly plan: typeof planClaim;
  /** Token of a write on a row with the token `believed`. */
  readonly mint: (random: () => string, believed: string | undefined) => string;
  readonly isOwnWrite: (row: CheckpointRow | undefined, write: CheckpointWrite) => boolean;
  readonly takesOverUnconditionally: boolean;
  readonly claimsAgainWhenFenced: boolean;
  readonly commitMayCreate: boolean;
  readonly commitsBeforeHandling: boolean;
}

export const soundRules: Rules = {
  trusts: trustsToken,
  plan: planClaim,
  mint: (random) => random(),
  isOwnWrite: (row, write) => judgeRefusal(row, write.next.token) === 'ownLostReply',
  takesOverUnconditionally: false,
  claimsAgainWhenFenced: false,
  commitMayCreate: false,
  commitsBeforeHandling: false,
};

export function variant(name: string, broken: Partial<Rules>): Protocol {
  const rules = { ...soundRules, ...broken };
  return {
    name,
    commitsBeforeHandling: rules.commitsBeforeHandling,
    begin: (environment, identity) => new VariantCommitter(rules, environment, identity),
  };
}

/** The protocol once more, written against `Rules`. With `soundRules` it holds: then a variant fails because of its flaw alone. */
class VariantCommitter implements ProtocolExecution {
  current: CheckpointState | undefined;
  private belief: Belief | undefined;

  constructor(
    private readonly rules: Rules,
    private readonly environment: ProtocolEnvironment,
    private readonly identity: ExecutionIdentity,
  ) {}

  async acquire(belief: Belief, facts: CommitFacts): Promise<{ kind: 'owned' | 'fenced' }> {
    this.belief = belief;
    const { runId, attempt } = this.identity.writer;
    if (!this.rules.trusts(belief, runId, attempt) || belief.token === undefined) return this.claim(belief, facts);
    const { position, generation, token, rewindId } = belief;
    this.current = { position, generation, token, ...(rewindId === undefined ? {} : { rewindId }) };
    return { kind: 'owned' };
  }

  async commit(position: Position, facts: CommitFacts): Promise<'committed' | 'fenced' | 'reclaimed'> {
    if (this.current === undefined || this.belief === undefined) throw new Error('A commit before a claim');
    const believed = this.current.token;
    const next = { ...this.current, position, token: this.mint(believed) };
    const holds = (row: CheckpointRow | undefined): boolean =>
      row === undefined ? this.rules.commitMayCreate : row.token === believed;
    if (await this.send('commit', { condition: { token: believed }, next, facts }, holds)) {
      this.current = next;
      return 'committed';
    }
    if (!this.rules.claimsAgainWhenFenced) return 'fenced';
    const { kind } = await this.claim({ ...this.belief, ...this.current }, facts);
    return kind === 'owned' ? 'reclaimed' : 'fenced';
  }

  private async claim(belief: Belief, facts: CommitFacts): Promise<{ kind: 'owned' | 'fenced' }> {
    for (;;) {
      this.environment.assertOwner();
      const row = await this.untilDefinite(() => this.environment.store.read(this.identity.shard));
      const plan = this.rules.plan(belief, row, this.identity.writer);
      if (plan.kind === 'stale') return { kind: 'fenced' };
      if (await this.tryClaim(plan, facts)) return { kind: 'owned' };
    }
  }

  private async tryClaim(plan: Exclude<ClaimPlan, { kind: 'stale' }>, facts: CommitFacts): Promise<boolean> {
    const believed = plan.kind === 'create' ? undefined : plan.ifToken;
    const next = { ...plan.next, token: this.mint(believed) };
    const holds = (row: CheckpointRow | undefined): boolean =>
      this.rules.takesOverUnconditionally || row?.token === believed;
    const condition = believed === undefined ? ({ absent: true } as const) : { token: believed };
    const isWritten = await this.send('claim', { condition, next, facts }, holds);
    if (isWritten) this.current = next;
    return isWritten;
  }

  private mint(believed: string | undefined): string {
    return this.rules.mint(this.environment.mintToken, believed);
  }

  private async send(
    kind: WriteKind,
    change: Pick<CheckpointWrite, 'condition' | 'next' | 'facts'>,
    holds: (row: CheckpointRow | undefined) => boolean,
  ): Promise<boolean> {
    const write: CheckpointWrite = { ...this.identity, ...change };
    const answer = await this.untilDefinite(() => this.environment.writeLoosely(kind, write, holds));
    return answer.kind === 'written' || (answer.kind === 'refused' && this.rules.isOwnWrite(answer.row, write));
  }

  private async untilDefinite<T>(call: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await call();
      } catch (error) {
        if (!(error instanceof TidemarkError) || !error.retryable) throw error;
        await this.environment.sleep(1);
      }
    }
  }
}
