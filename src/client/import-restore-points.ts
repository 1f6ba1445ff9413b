import type { RestorePoints } from '../checkpoints/restore-points';
import type { Backup, BackupRestorePoint } from '../core/backup';
import { codeOf } from '../core/errors';
import { untilDecided } from './write-row';

export interface RestorePointStep {
  readonly name: string;
  /** `keep`: the table has one of this name, which stays. `expired`: its time is over. */
  readonly action: 'create' | 'keep' | 'expired';
}

/** What an import does about the restore points of a backup. */
export async function planRestorePoints(
  points: RestorePoints,
  { stream, restorePoints = [] }: Backup,
  nowMs: number,
): Promise<RestorePointStep[]> {
  if (restorePoints.length === 0) return [];
  const existing = new Set((await points.list(stream)).map(({ name }) => name));
  return restorePoints.map((point) => ({
    name: point.name,
    action: existing.has(point.name) ? 'keep' : isOver(point, nowMs) ? 'expired' : 'create',
  }));
}

/** Writes the planned ones; one whose name was taken meanwhile stays as it is. Gives the number of those written. */
export async function writeRestorePoints(
  points: RestorePoints,
  { stream, restorePoints = [] }: Backup,
  steps: readonly RestorePointStep[],
): Promise<number> {
  const planned = new Set(steps.filter(({ action }) => action === 'create').map(({ name }) => name));
  let written = 0;
  for (const point of restorePoints.filter(({ name }) => planned.has(name))) {
    written += await untilDecided(() => points.create(stream, point)).then(
      () => 1,
      (error: unknown) => {
        if (codeOf(error) === 'RESTORE_POINT_EXISTS') return 0;
        throw error;
      },
    );
  }
  return written;
}

function isOver({ expiresAtMs = Infinity }: BackupRestorePoint, nowMs: number): boolean {
  return expiresAtMs <= nowMs;
}
