/** Counters in the transaction of the checkpoint, and records that cannot be handled among them. */
import { TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import {
  defineConsumer,
  RecordRejectedError,
  type Batch,
  type KinesisRecord,
  type StandardSchema,
  type TransactResult,
} from '../../../src';
import { createDynamodbClient } from '../../../src/aws/clients';
import { numberSchema } from '../common/number-schema';
import { amountsOf, toUpdate } from '../common/sink';
import { consumerNamed, threadLines, workerOrder } from '../common/worker-order';
import type { CountedValue } from './records';

export interface CountingHandler {
  /** Name of the run in the sink's table. */
  readonly sink: string;
  /** Planted: effects are written beside the checkpoint's transaction, and again when no reply comes. */
  readonly bug?: 'outside';
}

const { sink, bug } = workerOrder<CountingHandler>().handler;
const dynamodb = createDynamodbClient({});
const schema: StandardSchema<CountedValue> = numberSchema<CountedValue>('v');

async function handle({ records }: Batch<CountedValue>): Promise<TransactResult | undefined> {
  for (const record of records) refusePoison(record);
  const amounts = amountsOf(records.map(({ partitionKey, value }) => ({ partitionKey, value: value.v })));
  threadLines().write({ kind: 'effects', sink, records: records.length, refused: 0 });
  const transact = [...amounts].map(([key, amount]) => toUpdate(sink, key, amount));
  if (bug === undefined) return { transact };
  await dynamodb.send(new TransactWriteItemsCommand({ TransactItems: transact }));
  return undefined;
}

function refusePoison(record: KinesisRecord<CountedValue>): void {
  const { poison } = record.value;
  if (poison === 'rejects') throw new RecordRejectedError(`can never succeed: ${record.text()}`, { record });
  if (poison !== undefined) throw new Error(`cannot handle ${record.text()}`);
}

export default defineConsumer({ ...consumerNamed('prove'), schema, handler: handle });
