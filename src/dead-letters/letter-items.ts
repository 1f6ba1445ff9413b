/** Letters as items of the checkpoint table. Names are those of AWS Lambda's failure record where it has one, so that tools parse them. */
import type { PutItemCommandInput, TransactWriteItem } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';

import type { ItemKey } from '../checkpoints/dynamodb-items';
import type { PlainItem } from '../checkpoints/dynamodb-item-reader';
import type { StoredItem } from '../checkpoints/dynamodb-requests';
import { TIME_TO_LIVE_ATTRIBUTE } from '../checkpoints/table';
import type { DeadLetter, DeadLetterError, DeadLetterHead, DeadLetterKey } from '../core/dead-letter';
import { checkpointKey, deadLetterPartSortKey, deadLetterSortKey } from '../core/names';

/** Version of the attributes of a letter. */
export const LETTER_SCHEMA = 1;

/**
 * A larger payload stands in items of its own. DynamoDB's limits are 400 KB an item and 4 MB a transaction, and a list of letters is
 * charged for all that it passes over, payloads among it.
 */
export const INLINE_BYTES = 64 * 1_024;
export const PART_BYTES = 380 * 1_024;

/** The first failure and the latest ones are kept, and no more than this of a text: the head must stay far below an item's limit. */
export const MAX_ERRORS = 16;
const MAX_TEXT_CHARS = 2_000;

export interface LetterItems {
  /** To be put before the head. None for a payload of up to `INLINE_BYTES`. */
  readonly parts: readonly PutItemCommandInput[];
  readonly head: TransactWriteItem;
}

/** The same letter gives the same bytes. */
export function toLetterItems(letter: DeadLetter, tableName: string): LetterItems {
  const slices = partsOf(letter.data);
  const payload = slices.length === 0 ? { payload: letter.data } : { parts: slices.length };
  const attributes = { ...headAttributes(letter), ...payload };
  const head = toStored({ ...letterKey(letter), ...attributes });
  return {
    parts: slices.map((slice, part) => ({
      TableName: tableName,
      Item: toStored({ ...partKey(letter, part), ...partAttributes(letter, slices.length), payload: slice }),
    })),
    head: { Put: { TableName: tableName, Item: head } },
  };
}

export function letterKey({ shard, sequenceNumber, subSequenceNumber }: DeadLetterKey): ItemKey {
  return { pk: checkpointKey(shard).pk, sk: deadLetterSortKey(sequenceNumber, subSequenceNumber) };
}

export function partKey({ shard, sequenceNumber, subSequenceNumber = 0 }: DeadLetterKey, part: number): ItemKey {
  return { pk: checkpointKey(shard).pk, sk: deadLetterPartSortKey(sequenceNumber, subSequenceNumber, part) };
}

/** Attributes that a change of the letter writes anew. One without a value is to be removed. */
export function changingAttributes(letter: DeadLetterHead): PlainItem {
  const errors = boundedErrors(letter.errors);
  const last = errors.at(-1);
  return {
    status: letter.status,
    requestContext: {
      requestId: last?.runId,
      functionArn: last?.workflowId,
      condition: letter.condition,
      approximateInvokeCount: errors.reduce((sum, { attempts }) => sum + attempts, 0),
    },
    errorCode: last?.code,
    errors: errors.map(toErrorItem),
    decidedBy: letter.decidedBy,
    reason: letter.reason?.slice(0, MAX_TEXT_CHARS),
    decidedAt: letter.decidedAtMs === undefined ? undefined : toIso(letter.decidedAtMs),
    redriveId: letter.redriveId,
    letterVersion: letter.version,
  };
}

/** Everything of a letter but its key and payload. One without a value is not written. */
export function headAttributes(letter: DeadLetterHead): PlainItem {
  const { shard, sequenceNumber, arrivalMs } = letter;
  return {
    schema: LETTER_SCHEMA,
    version: '1.0',
    timestamp: toIso(letter.writtenAtMs),
    consumer: shard.consumer,
    streamCreatedAt: toIso(shard.createdAtMs),
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    KinesisBatchInfo: {
      shardId: shard.shardId,
      startSequenceNumber: sequenceNumber,
      endSequenceNumber: sequenceNumber,
      approximateArrivalOfFirstRecord: toIso(arrivalMs),
      approximateArrivalOfLastRecord: toIso(arrivalMs),
      batchSize: 1,
      streamArn: shard.streamArn,
    },
    subSequenceNumber: letter.subSequenceNumber,
    partitionKey: letter.partitionKey,
    explicitHashKey: letter.explicitHashKey,
    bytes: letter.bytes,
    [TIME_TO_LIVE_ATTRIBUTE]: expirySeconds(letter),
    ...changingAttributes(letter),
  };
}

function partAttributes(letter: DeadLetterHead, parts: number): PlainItem {
  return { schema: LETTER_SCHEMA, bytes: letter.bytes, parts, [TIME_TO_LIVE_ATTRIBUTE]: expirySeconds(letter) };
}

function partsOf(data: Uint8Array): Uint8Array[] {
  if (data.byteLength <= INLINE_BYTES) return [];
  const parts = Math.ceil(data.byteLength / PART_BYTES);
  return Array.from({ length: parts }, (_, part) => data.subarray(part * PART_BYTES, (part + 1) * PART_BYTES));
}

function boundedErrors(errors: readonly DeadLetterError[]): readonly DeadLetterError[] {
  return errors.length <= MAX_ERRORS ? errors : [...errors.slice(0, 1), ...errors.slice(1 - MAX_ERRORS)];
}

function toErrorItem({ code, message, attempts, atMs, workflowId, runId }: DeadLetterError): PlainItem {
  return { code, message: message.slice(0, MAX_TEXT_CHARS), attempts, at: toIso(atMs), workflowId, runId };
}

function expirySeconds({ expiresAtMs }: DeadLetterHead): number | undefined {
  return expiresAtMs === undefined ? undefined : Math.ceil(expiresAtMs / 1_000);
}

function toIso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

export function toStored(values: PlainItem): StoredItem {
  return marshall(values, { removeUndefinedValues: true });
}
