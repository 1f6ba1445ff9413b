import type { CheckpointWrite, Effect, EffectsRefused, WriteAnswer } from '../../../src/checkpoints/checkpoint-store';
import {
  Committer,
  type ExecutionEnvironment,
  type ExecutionIdentity,
  type MoveResult,
} from '../../../src/checkpoints/committer';
import type { CheckpointRow, CheckpointState, CommitFacts } from '../../../src/core/checkpoint';
import type { Belief, OrderedMove } from '../../../src/core/commit-protocol';
import type { Position } from '../../../src/core/positions';

export type WriteKind = 'claim' | 'commit' | 'move';

/** A write under any condition at all: what the real port does not offer, for variants that need it to be wrong. */
export type LooseWrite = (
  kind: WriteKind,
  write: CheckpointWrite,
  holds: (row: CheckpointRow | undefined) => boolean,
) => Promise<WriteAnswer>;

export interface ProtocolEnvironment extends ExecutionEnvironment {
  readonly writeLoosely: LooseWrite;
}

/** One execution's side of the protocol. `reclaimed` exists in a flawed variant only. */
export interface ProtocolExecution {
  acquire(belief: Belief, facts: CommitFacts): Promise<{ readonly kind: 'owned' | 'fenced' }>;
  commit(
    position: Position,
    facts: CommitFacts,
    effects?: readonly Effect[],
  ): Promise<'committed' | 'fenced' | 'reclaimed' | EffectsRefused>;
  /** Left out by the flawed variants: they are not moved. */
  move?(belief: Belief, ordered: OrderedMove, facts: CommitFacts): Promise<MoveResult>;
  readonly current: CheckpointState | undefined;
}

/** A commit protocol under test. */
export interface Protocol {
  readonly name: string;
  readonly commitsBeforeHandling?: boolean;
  readonly knowsMoves?: boolean;
  /** One effect per record: in the transaction of the commit, or, which is wrong, in a write of its own before it. */
  readonly effects?: 'transaction' | 'apart';
  begin(environment: ProtocolEnvironment, identity: ExecutionIdentity): ProtocolExecution;
}

/** What Tidemark runs. */
export const realProtocol: Protocol = {
  name: 'the real protocol',
  knowsMoves: true,
  begin: (environment, identity) => new Committer(environment, identity),
};

/** The same, with effects and dead letters in the transactions of the commits. */
export const transactionalProtocol: Protocol = {
  ...realProtocol,
  name: 'the real protocol with effects',
  effects: 'transaction',
};

/** Breaks exactly once: what is written before the commit is written again by whoever comes after a crash. */
export const effectsApart: Protocol = { ...realProtocol, name: 'effects in a write of their own', effects: 'apart' };
