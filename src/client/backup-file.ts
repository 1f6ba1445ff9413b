import type { Backup } from '../core/backup';
import { readBackup } from '../core/read-backup';
import { writeBackup } from '../core/write-backup';

/** The text of a backup's file, JSON; docs/backups.md describes it. */
export function backupToText(backup: Backup): string {
  return writeBackup(backup, (data) => Buffer.from(data).toString('base64'));
}

/** @throws `BACKUP_INVALID` that names what is wrong and where */
export function backupFromText(text: string): Backup {
  return readBackup(text, (base64) => new Uint8Array(Buffer.from(base64, 'base64')));
}
