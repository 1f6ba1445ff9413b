import { BACKUP_FORMAT, BACKUP_VERSION, type Backup, type BackupRestorePoint, type BackupShard } from './backup';
import type { DeadLetter } from './dead-letter';
import { describePosition } from './positions';

/** The text of a backup's file. */
export function writeBackup(backup: Backup, base64: (data: Uint8Array) => string): string {
  const { stream, exportedAtMs, registration, shards, restorePoints, deadLetters } = backup;
  const { open, parked, letters } = deadLetters;
  const file = {
    format: BACKUP_FORMAT,
    version: BACKUP_VERSION,
    exportedAt: toIso(exportedAtMs),
    consumer: stream.consumer,
    stream: { name: stream.streamName, arn: stream.streamArn, createdAtMs: stream.createdAtMs },
    registration: registration && {
      start: describePosition(registration.start),
      requestedStart: registration.requestedStart,
      registeredAt: toIso(registration.registeredAtMs),
      initialShardsRecorded: registration.initialShardsRecorded,
    },
    shards: shards.map(shardOf),
    restorePoints: restorePoints?.map(restorePointOf),
    deadLetters: { open, parked, letters: letters?.map((letter) => letterOf(letter, base64)) },
  };
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

function shardOf({ start, checkpoint, ...shard }: BackupShard): object {
  return { ...shard, start: describePosition(start), checkpoint: checkpoint && checkpointOf(checkpoint) };
}

function checkpointOf(checkpoint: NonNullable<BackupShard['checkpoint']>): object {
  const { position, committedAtMs, lastArrivalMs, caughtUpAtMs, ...rest } = checkpoint;
  return {
    position: describePosition(position),
    ...rest,
    committedAt: toIso(committedAtMs),
    lastArrivalAt: lastArrivalMs === undefined ? undefined : toIso(lastArrivalMs),
    caughtUpAt: caughtUpAtMs === undefined ? undefined : toIso(caughtUpAtMs),
  };
}

function restorePointOf({ atMs, expiresAtMs, positions, ...point }: BackupRestorePoint): object {
  return {
    ...point,
    at: toIso(atMs),
    expiresAt: expiresAtMs === undefined ? undefined : toIso(expiresAtMs),
    positions: Object.fromEntries([...positions].map(([shardId, position]) => [shardId, describePosition(position)])),
  };
}

function letterOf({ shard, data, ...letter }: DeadLetter, base64: (data: Uint8Array) => string): object {
  return { shardId: shard.shardId, ...letter, data: base64(data) };
}

function toIso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
