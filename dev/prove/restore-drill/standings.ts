import type { Backup } from '../../../src/core/backup';
import { comparePositions, describePosition, type Position } from '../../../src/core/positions';

export interface Standing {
  readonly position: Position;
  /** Records of the shard so far. */
  readonly records: number;
}

/** Where the shards stand that have a row. */
export type Standings = ReadonlyMap<string, Standing>;

export function standingsOf({ shards }: Backup): Standings {
  return new Map(
    shards.flatMap(({ shardId, checkpoint }) =>
      checkpoint ? [[shardId, { position: checkpoint.position, records: checkpoint.totals.records }]] : [],
    ),
  );
}

/** `same`: exactly there. `notBeyond`: there or before. `notBehind`: there or later. */
export type Comparison = 'same' | 'notBeyond' | 'notBehind';

const IS_RIGHT: Readonly<Record<Comparison, (order: number) => boolean>> = {
  same: (order) => order === 0,
  notBeyond: (order) => order <= 0,
  notBehind: (order) => order >= 0,
};

/** What is not as it should be, one sentence each. */
export function compareStandings(restored: Standings, wanted: Standings, comparison: Comparison): string[] {
  return [...wanted].flatMap(([shardId, { position }]) => {
    const found = restored.get(shardId)?.position;
    if (found && IS_RIGHT[comparison](comparePositions(found, position))) return [];
    const where = found ? describePosition(found) : 'nowhere';
    return [`${shardId} stands ${where}, which is not ${comparison} as ${describePosition(position)}`];
  });
}

/** Records that were committed beyond what a source knows. */
export function recordsBeyond(actual: Standings, source: Standings): number {
  return [...actual].reduce(
    (sum, [shardId, { records }]) => sum + Math.max(0, records - (source.get(shardId)?.records ?? 0)),
    0,
  );
}
