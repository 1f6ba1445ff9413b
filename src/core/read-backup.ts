import {
  BACKUP_FORMAT,
  BACKUP_VERSION,
  type Backup,
  type BackupCheckpoint,
  type BackupRegistration,
  type BackupRestorePoint,
  type BackupShard,
} from './backup';
import { BackupReader } from './backup-reader';
import type { DeadLetter, DeadLetterCondition, DeadLetterError, DeadLetterStatus } from './dead-letter';
import { isErrorCode, TidemarkError } from './errors';
import type { StreamIncarnation } from './names';
import { isSequenceNumber } from './positions';

/** A backup from the text of its file. @throws `BACKUP_INVALID` that names what is wrong and where */
export function readBackup(text: string, bytesOf: (base64: string) => Uint8Array): Backup {
  const file = new BackupReader(parse(text));
  if (file.text('format') !== BACKUP_FORMAT) file.damaged('format', BACKUP_FORMAT);
  if (file.count('version') !== BACKUP_VERSION)
    throw new TidemarkError('BACKUP_INVALID', `The backup has version ${file.count('version')}`, {
      hint: `This version of Tidemark reads version ${BACKUP_VERSION}.`,
    });
  const stream = streamOf(file);
  return {
    stream,
    exportedAtMs: file.timeMs('exportedAt'),
    ...file.optional('registration', 'registration', (name) => registrationOf(file.object(name))),
    shards: shardsOf(file),
    ...file.optional('restorePoints', 'restorePoints', (name) => file.objects(name).map(restorePointOf)),
    deadLetters: lettersOf(file.object('deadLetters'), stream, bytesOf),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new TidemarkError('BACKUP_INVALID', 'The backup cannot be read: it is not JSON');
  }
}

function streamOf(file: BackupReader): StreamIncarnation {
  const stream = file.object('stream');
  return {
    consumer: file.text('consumer'),
    streamName: stream.text('name'),
    streamArn: stream.text('arn'),
    createdAtMs: stream.count('createdAtMs'),
  };
}

function registrationOf(read: BackupReader): BackupRegistration {
  return {
    start: read.position('start'),
    requestedStart: read.text('requestedStart'),
    registeredAtMs: read.timeMs('registeredAt'),
    initialShardsRecorded: read.flag('initialShardsRecorded'),
  };
}

function shardsOf(file: BackupReader): BackupShard[] {
  const seen = new Set<string>();
  return file.objects('shards').map((read) => {
    const shardId = read.text('shardId');
    if (seen.has(shardId)) read.damaged('shardId', 'unique');
    seen.add(shardId);
    return {
      shardId,
      parentShardIds: read.texts('parentShardIds'),
      start: read.position('start'),
      ...read.optional('startingHashKey', 'startingHashKey', read.text),
      ...read.optional('endingHashKey', 'endingHashKey', read.text),
      ...read.optional('checkpoint', 'checkpoint', (name) => checkpointOf(read.object(name))),
    };
  });
}

function checkpointOf(read: BackupReader): BackupCheckpoint {
  const totals = read.object('totals');
  return {
    position: read.position('position'),
    generation: read.count('generation'),
    totals: {
      records: totals.count('records'),
      bytes: totals.count('bytes'),
      batches: totals.count('batches'),
      ...totals.optional('filtered', 'filtered', totals.count),
      ...totals.optional('deadLettered', 'deadLettered', totals.count),
      ...totals.optional('leftOut', 'leftOut', totals.count),
    },
    committedAtMs: read.timeMs('committedAt'),
    ...read.optional('rewindId', 'rewindId', read.text),
    ...read.optional('fence', 'fence', read.count),
    ...read.optional('lastArrivalAt', 'lastArrivalMs', read.timeMs),
    ...read.optional('caughtUpAt', 'caughtUpAtMs', read.timeMs),
    ...read.optional('parkedKeys', 'parkedKeys', read.count),
  };
}

function restorePointOf(read: BackupReader): BackupRestorePoint {
  const positions = read.object('positions');
  return {
    name: read.text('name'),
    atMs: read.timeMs('at'),
    by: read.text('by'),
    ...read.optional('reason', 'reason', read.text),
    ...read.optional('expiresAt', 'expiresAtMs', read.timeMs),
    positions: new Map(positions.names.map((shardId) => [shardId, positions.position(shardId)])),
  };
}

type BytesOf = (base64: string) => Uint8Array;

function lettersOf(read: BackupReader, stream: StreamIncarnation, bytesOf: BytesOf): Backup['deadLetters'] {
  const letters = (): DeadLetter[] => read.objects('letters').map((letter) => letterOf(letter, stream, bytesOf));
  return { open: read.count('open'), parked: read.count('parked'), ...read.optional('letters', 'letters', letters) };
}

const CONDITIONS: Readonly<Record<DeadLetterCondition, true>> = {
  RetryAttemptsExhausted: true,
  RecordAgeExceeded: true,
  RecordRejected: true,
  HandlerDied: true,
  SkippedByOperator: true,
  PartitionKeyParked: true,
};
/** Others are not exported. */
const STATUSES: readonly string[] = ['OPEN', 'PARKED'];

function letterOf(read: BackupReader, stream: StreamIncarnation, bytesOf: BytesOf): DeadLetter {
  const sequenceNumber = read.text('sequenceNumber');
  const condition = read.text('condition');
  const status = read.text('status');
  if (!isSequenceNumber(sequenceNumber)) read.damaged('sequenceNumber', 'a sequence number');
  if (!Object.hasOwn(CONDITIONS, condition)) read.damaged('condition', 'the condition of a dead letter');
  if (!STATUSES.includes(status)) read.damaged('status', STATUSES.join(' or '));
  return {
    shard: { ...stream, shardId: read.text('shardId') },
    sequenceNumber,
    ...read.optional('subSequenceNumber', 'subSequenceNumber', read.count),
    partitionKey: read.text('partitionKey'),
    ...read.optional('explicitHashKey', 'explicitHashKey', read.text),
    arrivalMs: read.count('arrivalMs'),
    bytes: read.count('bytes'),
    condition: condition as DeadLetterCondition,
    status: status as DeadLetterStatus,
    errors: read.objects('errors').map(errorOf),
    writtenAtMs: read.count('writtenAtMs'),
    ...read.optional('expiresAtMs', 'expiresAtMs', read.count),
    ...read.optional('decidedBy', 'decidedBy', read.text),
    ...read.optional('reason', 'reason', read.text),
    ...read.optional('decidedAtMs', 'decidedAtMs', read.count),
    ...read.optional('redriveId', 'redriveId', read.text),
    version: read.count('version'),
    data: bytesOf(read.text('data')),
  };
}

function errorOf(read: BackupReader): DeadLetterError {
  const code = read.text('code');
  if (!isErrorCode(code)) return read.damaged('code', 'an error code');
  return {
    code,
    message: read.text('message'),
    attempts: read.count('attempts'),
    atMs: read.count('atMs'),
    workflowId: read.text('workflowId'),
    runId: read.text('runId'),
  };
}
