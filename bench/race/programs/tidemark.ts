/** Tidemark with its defaults and a handler of the race's. */
import { subscribe } from 'node:diagnostics_channel';
import { Client, Connection } from '@temporalio/client';
import { LOCAL_CREDENTIALS, LOCAL_REGION } from '../../../dev/stack/pins';
import { createWorker, defineConsumer, TidemarkClient, type ConsumerOptions, type KinesisRecord } from '../../../src';
import type { CommittedMessage } from '../../../src/activities/diagnostics';
import { createDynamodbClient } from '../../../src/aws/clients';
import { createCheckpointTable } from '../../../src/checkpoints/table';
import { boundHeapGrowth } from '../../../src/worker/heap-growth';
import { Reporter, type RecordView } from './reporter';

const reporter = new Reporter();
const { order } = reporter;
const aws = {
  region: LOCAL_REGION,
  kinesisEndpoint: order.kinesisEndpoint,
  dynamodbEndpoint: order.dynamodbEndpoint,
  credentials: LOCAL_CREDENTIALS,
};
const { source, takes, ...settings } = order.settings;
/** Who takes `data` keeps the page from being used again. */
const VIEW: RecordView<KinesisRecord> = {
  size: takes === 'data' ? ({ data }) => data.byteLength : ({ byteLength }) => byteLength,
  parse: (record) => record.json(),
};
const options: ConsumerOptions = {
  name: order.application,
  stream: order.stream,
  startFrom: 'TRIM_HORIZON',
  tableName: order.application,
  aws,
  ...settings,
  ...(source === 'fan-out' ? { fanOut: {} } : {}),
};
const consumer = defineConsumer({
  ...options,
  handler: async ({ records, shardId }) => reporter.handle(shardId, records, VIEW),
});

async function main(): Promise<void> {
  // As the command line does.
  boundHeapGrowth();
  subscribe('tidemark:committed', (message) => {
    const { shard, records } = message as CommittedMessage;
    reporter.committed(shard.shardId, records);
  });
  const temporal = { address: order.temporalAddress, namespace: 'default' };
  const starting = order.isFirst ? createTable().then(startConsumer) : undefined;
  const worker = await createWorker([consumer], { temporal });
  process.once('SIGTERM', () => worker.shutdown());
  await Promise.all([worker.run(), starting]);
  process.exit(0);
}

async function createTable(): Promise<void> {
  const dynamodb = createDynamodbClient(aws);
  await createCheckpointTable(dynamodb, order.application);
  dynamodb.destroy();
}

async function startConsumer(): Promise<void> {
  const connection = await Connection.connect({ address: order.temporalAddress });
  await new TidemarkClient(new Client({ connection })).start(consumer);
  await connection.close();
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
