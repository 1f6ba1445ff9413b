import { damagedItem, ItemReader, type PlainItem } from '../checkpoints/dynamodb-item-reader';
import type { ItemKey } from '../checkpoints/dynamodb-items';
import { TIME_TO_LIVE_ATTRIBUTE } from '../checkpoints/table';
import type { DeadLetterCondition, DeadLetterError, DeadLetterHead, DeadLetterStatus } from '../core/dead-letter';
import type { ErrorCode, TidemarkError } from '../core/errors';
import type { ShardIdentity } from '../core/names';
import { isSequenceNumber } from '../core/positions';
import { LETTER_SCHEMA } from './letter-items';

const CONDITIONS: readonly DeadLetterCondition[] = [
  'RetryAttemptsExhausted',
  'RecordAgeExceeded',
  'RecordRejected',
  'HandlerDied',
  'SkippedByOperator',
  'PartitionKeyParked',
];
export const STATUSES: readonly DeadLetterStatus[] = ['OPEN', 'PARKED', 'REDRIVEN', 'DISCARDED'];

/** @throws `CHECKPOINT_DAMAGED` */
export function fromHeadItem(item: PlainItem, shard: ShardIdentity, key: ItemKey): DeadLetterHead {
  const read = new ItemReader(item, key);
  read.expectSchema(LETTER_SCHEMA);
  const batch = read.map('KinesisBatchInfo');
  const sequenceNumber = batch.text('startSequenceNumber');
  if (!isSequenceNumber(sequenceNumber)) throw notOneOf(key, 'KinesisBatchInfo.startSequenceNumber');
  const expiresAt = read.optionalNumber(TIME_TO_LIVE_ATTRIBUTE);
  return {
    shard,
    sequenceNumber,
    partitionKey: read.text('partitionKey'),
    arrivalMs: batch.timeMs('approximateArrivalOfFirstRecord'),
    bytes: read.count('bytes'),
    condition:
      oneOf(read.map('requestContext').text('condition'), CONDITIONS) ?? raise(key, 'requestContext.condition'),
    status: oneOf(read.text('status'), STATUSES) ?? raise(key, 'status'),
    errors: readErrors(item, key),
    writtenAtMs: read.timeMs('timestamp'),
    version: read.count('letterVersion'),
    ...withoutUndefined({
      subSequenceNumber: read.optionalNumber('subSequenceNumber'),
      explicitHashKey: read.optionalText('explicitHashKey'),
      expiresAtMs: expiresAt === undefined ? undefined : expiresAt * 1_000,
      decidedBy: read.optionalText('decidedBy'),
      reason: read.optionalText('reason'),
      redriveId: read.optionalText('redriveId'),
      decidedAtMs: read.optionalTimeMs('decidedAt'),
    }),
  };
}

function readErrors({ errors }: PlainItem, key: ItemKey): DeadLetterError[] {
  if (!Array.isArray(errors)) throw notOneOf(key, 'errors');
  return errors.map((value: unknown, index) => {
    if (typeof value !== 'object' || value === null) throw notOneOf(key, `errors[${index}]`);
    const read = new ItemReader(value as PlainItem, key, `errors[${index}].`);
    return {
      // A newer version may name a code that this one does not know.
      code: read.text('code') as ErrorCode,
      message: read.text('message'),
      attempts: read.count('attempts'),
      atMs: read.timeMs('at'),
      workflowId: read.text('workflowId'),
      runId: read.text('runId'),
    };
  });
}

function oneOf<T extends string>(value: string, known: readonly T[]): T | undefined {
  return known.find((candidate) => candidate === value);
}

function raise(key: ItemKey, name: string): never {
  throw notOneOf(key, name);
}

function notOneOf(key: ItemKey, name: string): TidemarkError {
  return damagedItem(key, `attribute ${name} has a value that this version never writes`);
}

function withoutUndefined<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}
