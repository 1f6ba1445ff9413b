/** Counters per partition key, written in the transaction of the checkpoint. */
import { setTimeout as sleep } from 'node:timers/promises';
import { TransactWriteItemsCommand, type TransactWriteItem } from '@aws-sdk/client-dynamodb';
import { defineConsumer, type Batch, type TransactResult } from '../../../src';
import { createDynamodbClient } from '../../../src/aws/clients';
import { amountsOf, toUpdate } from '../common/sink';
import { consumerNamed, threadLines, workerOrder } from '../common/worker-order';
import { sinkOf, type SinkHandler } from './sinks';

const { run, handlerMs, bug } = workerOrder<SinkHandler>().handler;
const sink = sinkOf(run, 'transact');
const dynamodb = createDynamodbClient({});

async function handle({ records }: Batch): Promise<TransactResult | undefined> {
  const amounts = amountsOf(
    records.map((record) => ({ partitionKey: record.partitionKey, value: record.json<{ v: number }>().v })),
  );
  const transact: TransactWriteItem[] = [...amounts].map(([key, amount]) => toUpdate(sink, key, amount));
  threadLines().write({ kind: 'effects', sink, records: records.length, refused: 0 });
  if (bug === 'outside') {
    await dynamodb.send(new TransactWriteItemsCommand({ TransactItems: transact }));
    await sleep(handlerMs);
    return undefined;
  }
  await sleep(handlerMs);
  return { transact };
}

export default defineConsumer({ ...consumerNamed('transact'), handler: handle });
