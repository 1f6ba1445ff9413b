/** Counters per partition key in the handler's own transactions: each with the idempotency keys of its records, so that none counts twice. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  TransactionCanceledException,
  TransactWriteItemsCommand,
  type TransactWriteItem,
} from '@aws-sdk/client-dynamodb';
import { defineConsumer, type Batch, type KinesisRecord } from '../../../src';
import { createDynamodbClient } from '../../../src/aws/clients';
import { amountsOf, SINK_TABLE, toUpdate } from '../common/sink';
import { consumerNamed, threadLines, workerOrder } from '../common/worker-order';
import { sinkOf, type SinkHandler } from './sinks';

/** DynamoDB's limit of one transaction (API reference, TransactWriteItems). */
const MAX_ITEMS = 100;

const { run, handlerMs, bug } = workerOrder<SinkHandler>().handler;
const sink = sinkOf(run, 'plain');
const dynamodb = createDynamodbClient({});

async function handle({ records }: Batch): Promise<void> {
  const lines = threadLines();
  lines.write({ kind: 'effects', sink, records: records.length, refused: 0 });
  let refused = 0;
  for (const chunk of chunksOf(records)) refused += await writeOnce(chunk);
  if (refused > 0) lines.write({ kind: 'effects', sink, records: 0, refused });
  await sleep(handlerMs);
}

/** As many records as fit: an item for each, and one for each partition key among them. */
function chunksOf(records: readonly KinesisRecord[]): KinesisRecord[][] {
  const chunks: KinesisRecord[][] = [];
  let keys = new Set<string>();
  for (const record of records) {
    const chunk = chunks.at(-1);
    keys.add(record.partitionKey);
    if (chunk && chunk.length + 1 + keys.size <= MAX_ITEMS) chunk.push(record);
    else {
      chunks.push([record]);
      keys = new Set([record.partitionKey]);
    }
  }
  return chunks;
}

/** Writes the effects of those records whose effects are not there yet; gives the number of the others. */
async function writeOnce(records: readonly KinesisRecord[]): Promise<number> {
  let left = records;
  for (;;) {
    if (left.length === 0) return records.length;
    const known = await tryWrite(left);
    if (known.size === 0) return records.length - left.length;
    left = left.filter((_, at) => !known.has(at));
  }
}

/** Indexes of the records that the sink knew already; then nothing was written. */
async function tryWrite(records: readonly KinesisRecord[]): Promise<Set<number>> {
  const marks = records.map(({ idempotencyKey }) => toMark(idempotencyKey));
  const amounts = amountsOf(
    records.map((record) => ({ partitionKey: record.partitionKey, value: record.json<{ v: number }>().v })),
  );
  const updates = [...amounts].map(([key, amount]) => toUpdate(sink, key, amount));
  const TransactItems = bug === 'noKey' ? updates : [...marks, ...updates];
  try {
    await dynamodb.send(new TransactWriteItemsCommand({ TransactItems }));
    return new Set();
  } catch (error) {
    const reasons = error instanceof TransactionCanceledException ? (error.CancellationReasons ?? []) : [];
    const known = records.flatMap((_, at) => (reasons[at]?.Code === 'ConditionalCheckFailed' ? [at] : []));
    if (known.length === 0) throw error;
    return new Set(known);
  }
}

function toMark(idempotencyKey: string): TransactWriteItem {
  return {
    Put: {
      TableName: SINK_TABLE,
      Item: { pk: { S: `${sink}/${idempotencyKey}` }, sk: { S: '-' } },
      ConditionExpression: 'attribute_not_exists(pk)',
    },
  };
}

export default defineConsumer({ ...consumerNamed('plain'), handler: handle });
