import type { ConsumerServices } from '../aws/consumer-services';
import type { Registration } from '../checkpoints/checkpoint-store';
import { RestorePoints } from '../checkpoints/restore-points';
import type { Backup } from '../core/backup';
import { TidemarkError } from '../core/errors';
import { mapConcurrently } from '../core/map-concurrently';
import type { ShardIdentity, StreamIncarnation } from '../core/names';
import { comparePositions } from '../core/positions';
import { planImport, type FoundShard, type ImportStep } from '../core/plan-import';
import type { DeadLetterStore } from '../dead-letters/dead-letter-store';
import { restoreLetter } from '../dead-letters/restore-letter';
import { writeRestorePoints, type RestorePointStep } from './import-restore-points';
import { parkedKeysOf } from './parked-keys-of';
import { untilDecided, writeRow } from './write-row';

const WRITES_AT_A_TIME = 16;
const READS_AT_A_TIME = 8;

/** What an import will do, on what was seen when it was planned. */
export interface ImportPlan {
  readonly backup: Backup;
  /** `keep`: the table has one that differs. `none`: the backup has none; `start` makes one. */
  readonly registration: 'create' | 'same' | 'keep' | 'none';
  readonly steps: readonly ImportStep[];
  readonly restorePoints: readonly RestorePointStep[];
}

export interface ImportedShard {
  readonly shardId: string;
  /** `changed`: its row was changed by somebody else meanwhile, and was left. */
  readonly outcome: ImportStep['action'] | 'changed';
}

export interface ImportResult {
  readonly shards: readonly ImportedShard[];
  /** Dead letters written; those that exist are left. */
  readonly letters: number;
  /** Restore points written; those that exist are left. */
  readonly restorePoints: number;
}

/** @throws `BACKUP_MISMATCH` for another consumer, stream or incarnation */
export function assertSameStream({ stream: wanted }: Pick<Backup, 'stream'>, stream: StreamIncarnation): void {
  const mismatch = (what: string, theirs: string, ours: string): TidemarkError =>
    new TidemarkError('BACKUP_MISMATCH', `The backup is of ${what} ${theirs}, not of ${ours}`);
  if (wanted.consumer !== stream.consumer) throw mismatch('consumer', wanted.consumer, stream.consumer);
  if (wanted.streamArn !== stream.streamArn) throw mismatch('stream', wanted.streamArn, stream.streamArn);
  if (wanted.createdAtMs === stream.createdAtMs) return;
  const [theirs, ours] = [wanted.createdAtMs, stream.createdAtMs].map((ms) => new Date(ms).toISOString());
  throw mismatch(`stream ${stream.streamName} as it was created at`, theirs ?? '', `the one created at ${ours}`);
}

export async function planImportOf(
  { store, letters }: Pick<ConsumerServices, 'store' | 'letters'>,
  backup: Backup,
  isReplacing: boolean,
): Promise<Omit<ImportPlan, 'restorePoints'>> {
  const { stream, shards } = backup;
  const existing = await store.findRegistration(stream);
  const known = new Map((await store.listKnownShards(stream)).map(({ shardId, start }) => [shardId, start]));
  const identities = shards.map(({ shardId }) => ({ ...stream, shardId }));
  const rows = await store.readMany(identities);
  const parked = await mapConcurrently(identities, READS_AT_A_TIME, (shard) => parkedAfter(letters, shard, backup));
  const found = new Map<string, FoundShard>(
    shards.map(({ shardId }, index) => {
      return [shardId, { row: rows[index], start: known.get(shardId), parkedKeys: parked[index] ?? 0 }];
    }),
  );
  return { backup, registration: registrationStep(backup, existing), steps: planImport(backup, found, isReplacing) };
}

/** How many partition keys of a shard are parked once the letters of the backup are written that the table does not have. */
async function parkedAfter(letters: DeadLetterStore, shard: ShardIdentity, { deadLetters }: Backup): Promise<number> {
  const keys = await parkedKeysOf(letters, shard);
  for (const letter of deadLetters.letters ?? []) {
    if (letter.shard.shardId !== shard.shardId || letter.status !== 'PARKED' || keys.has(letter.partitionKey)) continue;
    if ((await letters.get(letter)) === undefined) keys.add(letter.partitionKey);
  }
  return keys.size;
}

function registrationStep({ registration }: Backup, existing: Registration | undefined): ImportPlan['registration'] {
  if (registration === undefined) return 'none';
  if (existing === undefined) return 'create';
  const isSame =
    existing.requestedStart === registration.requestedStart &&
    comparePositions(existing.start, registration.start) === 0;
  return isSame ? 'same' : 'keep';
}

/** Carries out a plan. Repeated after a crash it does the rest. */
export async function applyImport(
  services: Pick<ConsumerServices, 'store' | 'dynamodb'>,
  tableName: string,
  { backup, steps, restorePoints }: ImportPlan,
): Promise<ImportResult> {
  const { stream, registration, deadLetters } = backup;
  const { store, dynamodb } = services;
  // A row that says "past this record" comes after the letter that holds the record.
  const written = await mapConcurrently(deadLetters.letters ?? [], WRITES_AT_A_TIME, (letter) =>
    untilDecided(() => restoreLetter(dynamodb, tableName, letter)),
  );
  const shards = await mapConcurrently(steps, WRITES_AT_A_TIME, (step) => applyStep(services, stream, step));
  const points = await writeRestorePoints(new RestorePoints(dynamodb, tableName), backup, restorePoints);
  await untilDecided(() => store.recordShards(stream, backup.shards.map(withoutCheckpoint)));
  // Last: a registration that says "all recorded" without its shards would have them begin at TRIM_HORIZON.
  if (registration) await untilDecided(() => store.register(stream, registration));
  return { shards, letters: written.filter(Boolean).length, restorePoints: points };
}

function withoutCheckpoint({ checkpoint: _checkpoint, ...shard }: Backup['shards'][number]) {
  return shard;
}

async function applyStep(
  { store }: Pick<ConsumerServices, 'store'>,
  stream: StreamIncarnation,
  { shard, action, checkpoint, ifToken }: ImportStep,
): Promise<ImportedShard> {
  const { shardId, parentShardIds } = shard;
  if (checkpoint === undefined || (action !== 'create' && action !== 'replace')) return { shardId, outcome: action };
  const row = { shard: { ...stream, shardId }, parentShardIds, checkpoint, ifToken, writer: 'import' };
  return { shardId, outcome: (await writeRow(store, row)) ? action : 'changed' };
}
