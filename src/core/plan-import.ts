/** What an import does about each shard. Pure: shown first, then carried out on just the rows that were seen. */
import type { Backup, BackupCheckpoint, BackupShard } from './backup';
import { ZERO_TOTALS, type CheckpointRow } from './checkpoint';
import { comparePositions, type Position } from './positions';

/**
 * `record`: known to the consumer, without a checkpoint in the backup. `create`: its row is missing. `replace`: its row stands elsewhere,
 * or counts other parked partition keys, and is overwritten. `same`: nothing to do. `keep`: like `replace`, but its row is left, because
 * nobody asked to replace it.
 */
export type ImportAction = 'record' | 'create' | 'replace' | 'same' | 'keep';

export interface ImportStep {
  readonly shard: BackupShard;
  readonly action: ImportAction;
  /** Where its row stands; left out where there is none. */
  readonly from?: Position;
  /** Where the backup has it: its checkpoint, or where it begins. */
  readonly to: Position;
  /** What is written by `create` and `replace`. */
  readonly checkpoint?: BackupCheckpoint;
  /** Token of the row that was seen: the condition of `replace`. */
  readonly ifToken?: string;
}

export interface FoundShard {
  readonly row?: CheckpointRow;
  /** Where the table has it begin; left out where the table does not know it. */
  readonly start?: Position;
  /**
   * Parked partition keys, by the letters that the table will have after the import: they are the truth, not the backup's count. A row
   * that counts none has its records stay parked for ever.
   */
  readonly parkedKeys: number;
}

const UNKNOWN: FoundShard = { parkedKeys: 0 };

export function planImport(
  { shards, exportedAtMs }: Pick<Backup, 'shards' | 'exportedAtMs'>,
  found: ReadonlyMap<string, FoundShard>,
  isReplacing: boolean,
): ImportStep[] {
  return shards.map((shard) => {
    const { row, start, parkedKeys } = found.get(shard.shardId) ?? UNKNOWN;
    const wanted = wantedCheckpoint(shard, { start, parkedKeys }, exportedAtMs);
    const checkpoint = wanted && countingParked(wanted, parkedKeys);
    const to = checkpoint?.position ?? shard.start;
    if (row === undefined) {
      if (checkpoint) return { shard, action: 'create', to, checkpoint };
      return { shard, action: start === undefined ? 'record' : 'same', to };
    }
    const from = row.position;
    if (comparePositions(from, to) === 0 && (row.parkedKeys ?? 0) === parkedKeys)
      return { shard, action: 'same', from, to };
    if (!isReplacing) return { shard, action: 'keep', from, to };
    return {
      shard,
      action: 'replace',
      from,
      to,
      checkpoint: overRow(row, checkpoint, to, exportedAtMs),
      ifToken: row.token,
    };
  });
}

/** A shard without a checkpoint needs none, unless the table would have it begin elsewhere, or keys of it are parked. */
function wantedCheckpoint(
  { checkpoint, start }: BackupShard,
  { start: startInTable, parkedKeys }: FoundShard,
  committedAtMs: number,
): BackupCheckpoint | undefined {
  const isElsewhere = startInTable !== undefined && comparePositions(start, startInTable) !== 0;
  if (checkpoint !== undefined || (!isElsewhere && parkedKeys === 0)) return checkpoint;
  // Generation 1: the workflow's own belief, of generation 0, would win with a later start.
  return { position: start, generation: 1, totals: ZERO_TOTALS, committedAtMs };
}

/** The higher generation wins over the larger position, with every workflow that still remembers this row. */
function overRow(
  row: CheckpointRow,
  checkpoint: BackupCheckpoint | undefined,
  position: Position,
  committedAtMs: number,
): BackupCheckpoint {
  const wanted = checkpoint ?? { position, generation: 0, totals: ZERO_TOTALS, committedAtMs };
  const fence = Math.max(row.fence ?? 0, wanted.fence ?? 0);
  return {
    ...wanted,
    generation: Math.max(row.generation + 1, wanted.generation),
    ...(fence > 0 ? { fence } : {}),
  };
}

function countingParked(
  { parkedKeys: _ofBackup, ...checkpoint }: BackupCheckpoint,
  parkedKeys: number,
): BackupCheckpoint {
  return parkedKeys === 0 ? checkpoint : { ...checkpoint, parkedKeys };
}
