import { setTimeout as sleep } from 'node:timers/promises';

import { BatchGetItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';

import { TidemarkError } from '../core/errors';
import { backoffMs, READ_BACKOFF } from '../core/pacing';
import type { ItemKey } from './dynamodb-items';
import type { StoredItem } from './dynamodb-requests';

/** DynamoDB's limit of one BatchGetItem. */
const MAX_KEYS = 100;
/** Answers without a single item that are borne in a row: about half a minute. */
const MAX_EMPTY_ANSWERS = 8;

/** Consistent read of many items that have a partition each, by `pk`. Keys that DynamoDB leaves unprocessed are asked for again. */
export async function readItems(
  client: DynamoDBClient,
  tableName: string,
  keys: readonly ItemKey[],
): Promise<Map<string, StoredItem>> {
  const found = new Map<string, StoredItem>();
  const distinct = [...new Map(keys.map((key) => [key.pk, marshall(key)])).values()];
  for (let start = 0; start < distinct.length; start += MAX_KEYS) {
    await readChunk(client, tableName, distinct.slice(start, start + MAX_KEYS), found);
  }
  return found;
}

async function readChunk(
  client: DynamoDBClient,
  tableName: string,
  keys: StoredItem[],
  found: Map<string, StoredItem>,
): Promise<void> {
  let pending = keys;
  let emptyAnswers = 0;
  while (pending.length > 0) {
    const left = await readSome(client, tableName, pending, found);
    emptyAnswers = left.length < pending.length ? 0 : emptyAnswers + 1;
    if (emptyAnswers > MAX_EMPTY_ANSWERS)
      throw new TidemarkError('THROUGHPUT_EXCEEDED', 'DynamoDB keeps leaving a batch read undone');
    if (left.length > 0) await sleep(backoffMs(READ_BACKOFF, emptyAnswers + 1, Math.random()));
    pending = left;
  }
}

/** One call: adds what it found, and returns the keys that it left unprocessed. */
async function readSome(
  client: DynamoDBClient,
  tableName: string,
  keys: StoredItem[],
  found: Map<string, StoredItem>,
): Promise<StoredItem[]> {
  const request = { RequestItems: { [tableName]: { Keys: keys, ConsistentRead: true } } };
  const { Responses, UnprocessedKeys } = await client.send(new BatchGetItemCommand(request));
  for (const item of Responses?.[tableName] ?? []) found.set(item.pk?.S ?? '', item);
  return UnprocessedKeys?.[tableName]?.Keys ?? [];
}
