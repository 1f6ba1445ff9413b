/** Positions of the Kinesis Client Library as a backup of Tidemark's. */
import type { Backup, BackupRegistration, BackupShard } from './backup';
import { ZERO_TOTALS } from './checkpoint';
import { TidemarkError } from './errors';
import type { StreamIncarnation } from './names';
import { isSequenceNumber, SHARD_END, TRIM_HORIZON, type Position } from './positions';
import { parentsOf, type Shard } from './shard-graph';

/** One row of a lease table of KCL 2 or 3, as far as it tells where a shard stands. */
export interface KclLease {
  readonly shardId: string;
  /** A sequence number, or TRIM_HORIZON, LATEST, AT_TIMESTAMP, SHARD_END. */
  readonly checkpoint: string;
  readonly subSequenceNumber?: number;
  readonly parentShardIds: readonly string[];
  readonly startingHashKey?: string;
  readonly endingHashKey?: string;
  readonly owner?: string;
  /** Grows with every renewal: a lease whose counter stands still is not being worked on. */
  readonly counter: number;
}

export interface KclImport {
  readonly stream: StreamIncarnation;
  readonly leases: readonly KclLease[];
  /** Every shard that the stream lists. */
  readonly listed: readonly Shard[];
  readonly registration: Omit<BackupRegistration, 'initialShardsRecorded'>;
  /** Where shards begin that stand at LATEST or AT_TIMESTAMP: KCL's table does not tell when that was. Epoch milliseconds. */
  readonly startAtMs?: number;
  readonly nowMs: number;
}

/**
 * The same positions in Tidemark's form. Shards without a lease whose descendants have one are finished: KCL deletes the lease of a
 * parent only once its children are being read. All other shards without a lease begin at their oldest record.
 * @throws `INVALID_OPTION` for a shard at LATEST or AT_TIMESTAMP without `startAtMs`, `BACKUP_INVALID` for another checkpoint
 */
export function backupFromKcl({ stream, leases, listed, registration, startAtMs, nowMs }: KclImport): Backup {
  const listedById = new Map(listed.map((shard) => [shard.shardId, shard]));
  const leased = new Set(leases.map(({ shardId }) => shardId));
  const finished = ancestorsOf(leases, listedById).filter((shardId) => !leased.has(shardId));
  const shards = [
    ...leases.map((lease) => fromLease(lease, listedById.get(lease.shardId), startAtMs)),
    ...finished.flatMap((shardId) => fromAncestor(listedById.get(shardId))),
    ...listed
      .filter(({ shardId }) => !leased.has(shardId) && !finished.includes(shardId))
      .map((shard) =>
        withHashKeys({ shardId: shard.shardId, parentShardIds: parentsOf(shard), start: TRIM_HORIZON }, shard),
      ),
  ].map((shard) => withCheckpoint(shard, nowMs));
  return {
    stream,
    exportedAtMs: nowMs,
    registration: { ...registration, initialShardsRecorded: true },
    shards: shards.toSorted((a, b) => (a.shardId < b.shardId ? -1 : 1)),
    deadLetters: { open: 0, parked: 0 },
  };
}

function ancestorsOf(leases: readonly KclLease[], listed: ReadonlyMap<string, Shard>): string[] {
  const found = new Set<string>();
  const parentIdsOf = (shardId: string): string[] => {
    const shard = listed.get(shardId);
    return shard ? parentsOf(shard) : [];
  };
  const pending = leases.flatMap(({ shardId, parentShardIds }) => [...parentShardIds, ...parentIdsOf(shardId)]);
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    pending.push(...parentIdsOf(id));
  }
  return [...found];
}

interface Placed {
  readonly shard: BackupShard;
  readonly position: Position;
}

function fromLease(lease: KclLease, listed: Shard | undefined, startAtMs: number | undefined): BackupShard | Placed {
  const { shardId, checkpoint } = lease;
  const parentShardIds = listed ? parentsOf(listed) : lease.parentShardIds;
  const shard = withHashKeys({ shardId, parentShardIds, start: TRIM_HORIZON }, listed ?? lease);
  if (checkpoint === 'TRIM_HORIZON') return shard;
  if (checkpoint === 'LATEST' || checkpoint === 'AT_TIMESTAMP') return { ...shard, start: startOf(lease, startAtMs) };
  return { shard, position: positionOf(lease) };
}

function fromAncestor(listed: Shard | undefined): Placed[] {
  if (listed === undefined) return [];
  const shard = { shardId: listed.shardId, parentShardIds: parentsOf(listed), start: TRIM_HORIZON };
  return [{ shard: withHashKeys(shard, listed), position: SHARD_END }];
}

function startOf({ shardId, checkpoint }: KclLease, startAtMs: number | undefined): Position {
  if (startAtMs !== undefined) return { at: 'AT_TIMESTAMP', timestampMs: startAtMs };
  throw new TidemarkError('INVALID_OPTION', `KCL has never committed shard ${shardId}: it stands at ${checkpoint}`, {
    hint: 'Say with --start-at from which time on such shards are read: when KCL was started first, or AT_TIMESTAMP of its configuration.',
  });
}

/** `.0` stays: KCL writes it for a whole record and for the first of an aggregate alike. The reader of the record tells which. */
function positionOf({ shardId, checkpoint, subSequenceNumber }: KclLease): Position {
  if (checkpoint === 'SHARD_END') return SHARD_END;
  if (!isSequenceNumber(checkpoint))
    throw new TidemarkError(
      'BACKUP_INVALID',
      `The lease of shard ${shardId} has a checkpoint that KCL does not write`,
      {
        hint: 'Is this the lease table of a KCL application?',
      },
    );
  return subSequenceNumber === undefined
    ? { at: 'AFTER', sequenceNumber: checkpoint }
    : { at: 'AFTER', sequenceNumber: checkpoint, subSequenceNumber };
}

type HashKeys = Pick<BackupShard, 'startingHashKey' | 'endingHashKey'>;

function withHashKeys(shard: BackupShard, { startingHashKey, endingHashKey }: HashKeys): BackupShard {
  const known = Object.entries({ startingHashKey, endingHashKey }).filter(([, value]) => value !== undefined);
  return { ...shard, ...(Object.fromEntries(known) as HashKeys) };
}

function withCheckpoint(placed: BackupShard | Placed, nowMs: number): BackupShard {
  if (!('shard' in placed)) return placed;
  const { shard, position } = placed;
  return { ...shard, checkpoint: { position, generation: 0, totals: ZERO_TOTALS, committedAtMs: nowMs } };
}
