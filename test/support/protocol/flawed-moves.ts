import { Committer, type MoveResult } from '../../../src/checkpoints/committer';
import type { CommitFacts } from '../../../src/core/checkpoint';
import type { Belief, OrderedMove } from '../../../src/core/commit-protocol';
import { FACTS, PARENTS, SHARD, WORKFLOW_ID } from './fixture';
import type { Protocol, ProtocolEnvironment } from './protocol';

type Mover = (environment: ProtocolEnvironment, by: Mine, ordered: OrderedMove) => Promise<MoveResult>;
type Mine = ConstructorParameters<typeof Committer>[1];

class FlawedMover extends Committer {
  constructor(
    private readonly mover: Mover,
    private readonly where: ProtocolEnvironment,
    private readonly mine: Mine,
  ) {
    super(where, mine);
  }

  override move(_belief: Belief, ordered: OrderedMove, _facts: CommitFacts): Promise<MoveResult> {
    return this.mover(this.where, this.mine, ordered);
  }
}

const flawed = (name: string, mover: Mover): Protocol => ({
  name,
  knowsMoves: true,
  begin: (environment, identity) => new FlawedMover(mover, environment, identity),
});

/** Hole C7: a move that is refused is made again, on whatever row is there then. */
export const rebasedMove = flawed('makes a move on the row that it finds', async (environment, mine, { id, to }) => {
  for (;;) {
    const row = await environment.store.read(SHARD);
    if (row === undefined) return { kind: 'fenced' };
    const next = { position: to, generation: row.generation + 1, rewindId: id, token: environment.mintToken() };
    const write = { shard: SHARD, writer: mine.writer, workflowId: WORKFLOW_ID, parentShardIds: PARENTS };
    const answer = await environment.store.write({ ...write, condition: { token: row.token }, next, facts: FACTS });
    if (answer.kind === 'written') return { kind: 'moved', checkpoint: next, facts: FACTS };
  }
});
