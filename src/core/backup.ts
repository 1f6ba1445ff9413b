/** The checkpoints of one consumer as a file: JSON that people can read, with a version. docs/backups.md describes it. */
import type { Totals } from './checkpoint';
import type { DeadLetter } from './dead-letter';
import type { StreamIncarnation } from './names';
import type { Position } from './positions';
import type { StreamRegistration } from './shard-work';

export const BACKUP_FORMAT = 'tidemark-checkpoints';
export const BACKUP_VERSION = 1;

/** A checkpoint without what belongs to its writer: neither token nor trial mark may outlive the table. Times are epoch milliseconds. */
export interface BackupCheckpoint {
  readonly position: Position;
  readonly generation: number;
  readonly totals: Totals;
  readonly committedAtMs: number;
  readonly rewindId?: string;
  readonly fence?: number;
  readonly lastArrivalMs?: number;
  readonly caughtUpAtMs?: number;
  readonly parkedKeys?: number;
}

export interface BackupShard {
  readonly shardId: string;
  readonly parentShardIds: readonly string[];
  /** Where it begins if it has no checkpoint. */
  readonly start: Position;
  readonly startingHashKey?: string;
  readonly endingHashKey?: string;
  readonly checkpoint?: BackupCheckpoint;
}

export interface BackupRegistration extends StreamRegistration {
  readonly initialShardsRecorded: boolean;
}

/** The checkpoints of all shards at one time, under a name. Times are epoch milliseconds. */
export interface BackupRestorePoint {
  readonly name: string;
  readonly atMs: number;
  readonly by: string;
  readonly reason?: string;
  readonly expiresAtMs?: number;
  readonly positions: ReadonlyMap<string, Position>;
}

export interface Backup {
  readonly stream: StreamIncarnation;
  readonly exportedAtMs: number;
  /** Left out where the table had none. */
  readonly registration?: BackupRegistration;
  readonly shards: readonly BackupShard[];
  /** Left out in files of versions that did not export them, and in what was made of KCL leases. */
  readonly restorePoints?: readonly BackupRestorePoint[];
  /** What waits for somebody: open letters, and those of parked partition keys. */
  readonly deadLetters: { readonly open: number; readonly parked: number; readonly letters?: readonly DeadLetter[] };
}
