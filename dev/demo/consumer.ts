/**
 * The demo's consumer: sums delays per airport in a DynamoDB table.
 *
 * Tidemark delivers at least once. Each transaction here writes the idempotency keys of its records beside the sums, on condition
 * that they are new: a record that comes a second time cannot be counted a second time.
 */
import {
  DynamoDBClient,
  TransactionCanceledException,
  TransactWriteItemsCommand,
  type TransactWriteItem,
} from '@aws-sdk/client-dynamodb';
import { defineConsumer, type KinesisRecord } from '../../src'; // In your project: 'tidemark'.
import { DELAYS_TABLE, STREAM } from './names';

/** A transaction takes 100 items: a key per record, and at most as many airports. */
const RECORDS_PER_TRANSACTION = 50;
/** Longer than the stream keeps a record. Then DynamoDB may drop the key. */
const KEY_LIFETIME_SECONDS = 2 * 86_400;

const dynamodb = new DynamoDBClient({});

export default defineConsumer({
  name: 'flight-delays',
  stream: STREAM,
  startFrom: 'TRIM_HORIZON',
  maxBatchRecords: 500,
  pollIntervalMs: 500,
  heartbeatTimeoutMs: 5_000,
  historyIntervalMs: 3_000,
  handler: async ({ records }, { signal }) => {
    for (let start = 0; start < records.length; start += RECORDS_PER_TRANSACTION) {
      await addDelays(records.slice(start, start + RECORDS_PER_TRANSACTION), signal);
    }
  },
});

/** Adds the records that have not been added before: DynamoDB says which ones have, and the others are sent again without them. */
async function addDelays(records: readonly KinesisRecord[], signal: AbortSignal): Promise<void> {
  for (let left = records; left.length > 0;) {
    const known = await tryToAdd(left, signal);
    if (known.size === 0) return;
    left = left.filter((_, index) => !known.has(index));
  }
}

/** All or nothing. Returns the indexes of records that had been added before; if there are any, nothing was written now. */
async function tryToAdd(records: readonly KinesisRecord[], abortSignal: AbortSignal): Promise<Set<number>> {
  const TransactItems = [...records.map(rememberKey), ...sumByAirport(records).map(addToSums)];
  try {
    await dynamodb.send(new TransactWriteItemsCommand({ TransactItems }), { abortSignal });
    return new Set();
  } catch (error) {
    const reasons = error instanceof TransactionCanceledException ? (error.CancellationReasons ?? []) : [];
    const known = [...reasons.entries()].filter(([, { Code }]) => Code === 'ConditionalCheckFailed');
    if (known.length === 0) throw error; // The batch fails, and Tidemark tries it again.
    return new Set(known.map(([index]) => index));
  }
}

function rememberKey({ idempotencyKey, arrivalTime }: KinesisRecord): TransactWriteItem {
  const expiresAt = Math.ceil(arrivalTime.getTime() / 1_000) + KEY_LIFETIME_SECONDS;
  return {
    Put: {
      TableName: DELAYS_TABLE,
      Item: { id: { S: `record#${idempotencyKey}` }, expiresAt: { N: String(expiresAt) } },
      ConditionExpression: 'attribute_not_exists(id)',
    },
  };
}

interface AirportSums {
  readonly airport: string;
  readonly flights: number;
  readonly delayMinutes: number;
}

function sumByAirport(records: readonly KinesisRecord[]): AirportSums[] {
  const sums = new Map<string, AirportSums>();
  for (const record of records) {
    const { origin: airport, delay } = record.json<{ origin: string; delay: number }>();
    const { flights, delayMinutes } = sums.get(airport) ?? { flights: 0, delayMinutes: 0 };
    sums.set(airport, { airport, flights: flights + 1, delayMinutes: delayMinutes + delay });
  }
  return [...sums.values()];
}

function addToSums({ airport, flights, delayMinutes }: AirportSums): TransactWriteItem {
  return {
    Update: {
      TableName: DELAYS_TABLE,
      Key: { id: { S: `airport#${airport}` } },
      UpdateExpression: 'ADD flights :flights, delayMinutes :delayMinutes',
      ExpressionAttributeValues: { ':flights': { N: String(flights) }, ':delayMinutes': { N: String(delayMinutes) } },
    },
  };
}
