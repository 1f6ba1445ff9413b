import type { ConsumerServices } from '../aws/consumer-services';
import type { KnownShard } from '../checkpoints/checkpoint-store';
import type { RestorePoints } from '../checkpoints/restore-points';
import type { Backup, BackupCheckpoint, BackupShard } from '../core/backup';
import type { CheckpointRow } from '../core/checkpoint';
import type { DeadLetter, DeadLetterStatus } from '../core/dead-letter';
import { mapConcurrently } from '../core/map-concurrently';
import type { ShardIdentity, StreamIncarnation } from '../core/names';

const SHARDS_AT_A_TIME = 8;
const LETTERS_PER_PAGE = 100;
const EXPORTED: readonly DeadLetterStatus[] = ['OPEN', 'PARKED'];

/** Everything that the table holds of a consumer. Rows are read one after the other while the consumer may run: each is right by itself. */
export async function exportConsumer(
  { store, letters, points }: Pick<ConsumerServices, 'store' | 'letters'> & { readonly points: RestorePoints },
  stream: StreamIncarnation,
  { withLetters, nowMs }: { readonly withLetters: boolean; readonly nowMs: number },
): Promise<Backup> {
  const { initialShardsRecorded, start, requestedStart, registeredAtMs } = (await store.findRegistration(stream)) ?? {};
  const known = await store.listKnownShards(stream);
  const identities = known.map(({ shardId }) => ({ ...stream, shardId }));
  const rows = await store.readMany(identities);
  const counts = await mapConcurrently(identities, SHARDS_AT_A_TIME, (shard) => letters.count(shard, {}));
  const sum = (status: DeadLetterStatus): number =>
    counts.reduce((total, { byStatus }) => total + (byStatus[status] ?? 0), 0);
  const registration =
    start && requestedStart !== undefined && registeredAtMs !== undefined
      ? { start, requestedStart, registeredAtMs, initialShardsRecorded: initialShardsRecorded ?? false }
      : undefined;
  return {
    stream,
    exportedAtMs: nowMs,
    ...(registration ? { registration } : {}),
    shards: known.map((shard, index) => toBackupShard(shard, rows[index])),
    restorePoints: await points.list(stream),
    deadLetters: {
      open: sum('OPEN'),
      parked: sum('PARKED'),
      ...(withLetters ? { letters: await lettersOf(letters, identities) } : {}),
    },
  };
}

function toBackupShard(shard: KnownShard, row: CheckpointRow | undefined): BackupShard {
  return row === undefined ? shard : { ...shard, checkpoint: toBackupCheckpoint(row) };
}

function toBackupCheckpoint(row: CheckpointRow): BackupCheckpoint {
  const { position, generation, totals, committedAtMs, ...optional } = row;
  const { rewindId, fence, lastArrivalMs, caughtUpAtMs, parkedKeys } = optional;
  const known = Object.entries({ rewindId, fence, lastArrivalMs, caughtUpAtMs, parkedKeys });
  const present = Object.fromEntries(known.filter(([, value]) => value !== undefined)) as Partial<BackupCheckpoint>;
  return { position, generation, totals, committedAtMs, ...present };
}

async function lettersOf(
  store: ConsumerServices['letters'],
  shards: readonly ShardIdentity[],
): Promise<readonly DeadLetter[]> {
  const found: DeadLetter[] = [];
  for (const shard of shards)
    for (const status of EXPORTED) {
      let after: Awaited<ReturnType<typeof store.list>>['after'];
      do {
        const page = await store.list(shard, { status, after, limit: LETTERS_PER_PAGE });
        const whole = await mapConcurrently(page.letters, SHARDS_AT_A_TIME, (head) => store.get(head));
        found.push(...whole.filter((letter) => letter !== undefined));
        after = page.after;
      } while (after !== undefined);
    }
  return found;
}
