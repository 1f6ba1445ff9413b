import type { BeginLine, ClaimedLine, CommittedLine, HandledLine, Line } from '../common/lines';
import type { PoisonEvidence } from './evidence';
import type { Violations } from './report';

type Stamped<T> = T & { readonly t: number; readonly worker: string };

export type Call = Stamped<BeginLine>;
export type Commit = Stamped<CommittedLine>;

/** What happened on one shard, each list in the order of time. */
export interface ShardFacts {
  readonly shardId: string;
  /** Its number in the plan. */
  readonly shard: number;
  readonly calls: Call[];
  readonly handlings: Stamped<HandledLine>[];
  readonly commits: Commit[];
  readonly claims: Stamped<ClaimedLine>[];
}

export function collectShards({ lines, shardIds }: PoisonEvidence, violations: Violations): ShardFacts[] {
  const shards = new Map(shardIds.map((shardId, shard) => [shardId, emptyFacts(shardId, shard)]));
  const find = (shardId: string): ShardFacts => {
    const known = shards.get(shardId);
    if (known) return known;
    violations.add({
      invariant: 'DATA',
      shardId,
      ids: [],
      message: `a worker wrote of ${shardId}, which is not in the plan`,
    });
    const unknown = emptyFacts(shardId, -1);
    shards.set(shardId, unknown);
    return unknown;
  };
  for (const line of lines) addLine(line, find);
  return [...shards.values()].filter(({ shard }) => shard >= 0);
}

function addLine(line: Line, find: (shardId: string) => ShardFacts): void {
  switch (line.kind) {
    case 'begin':
      return void find(line.shard).calls.push(line);
    case 'handled':
      return void find(line.shard).handlings.push(line);
    case 'committed':
      return void find(line.shard).commits.push(line);
    case 'claimed':
      return void find(line.shard).claims.push(line);
    case 'fenced':
    case 'effects':
    case 'ready':
    case 'died':
      return;
  }
}

function emptyFacts(shardId: string, shard: number): ShardFacts {
  return { shardId, shard, calls: [], handlings: [], commits: [], claims: [] };
}
