import { randomUUID } from 'node:crypto';

import { CreateTableCommand, PutItemCommand, UpdateItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';

import { createWorker, defineConsumer, TidemarkClient, type ConsumerDefinition } from '../../src';
import { createDynamodbClient } from '../../src/aws/clients';
import { createCheckpointTable } from '../../src/checkpoints/table';
import { eventually } from '../support/eventually';
import { startScriptedKinesis, type ScriptedKinesis } from '../support/scripted-kinesis';
import { stackEnv } from '../support/stack-env';
import { assertSource, SOURCE } from '../support/source';

jest.setTimeout(120_000);

const id = randomUUID().slice(0, 8);
const stream = `kcl-${id}`;
const [leaseTable, tableName] = [`leases-${id}`, `checkpoints-${id}`];
const handled: string[] = [];

let kinesis: ScriptedKinesis;
let dynamodb: DynamoDBClient;
let client: TidemarkClient;
let consumer: ConsumerDefinition;

beforeAll(async () => {
  kinesis = await startScriptedKinesis();
  const { region, credentials, dynamodbEndpoint, temporalAddress } = stackEnv();
  dynamodb = createDynamodbClient({ region, credentials, dynamodbEndpoint });
  await createCheckpointTable(dynamodb, tableName);
  await dynamodb.send(
    new CreateTableCommand({
      TableName: leaseTable,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'leaseKey', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'HASH' }],
    }),
  );
  client = await TidemarkClient.connect({ address: temporalAddress });
  consumer = defineConsumer({
    ...SOURCE,
    name: 'from-kcl',
    stream,
    tableName,
    startFrom: 'LATEST',
    pollIntervalMs: 200,
    aws: { region, credentials, dynamodbEndpoint, kinesisEndpoint: kinesis.endpoint },
    handler: ({ records }) => void handled.push(...records.map((record) => record.text())),
  });
});

afterAll(async () => {
  await client.stop(consumer, { by: 'jest', force: true }).catch(() => undefined);
  await client.close();
  dynamodb.destroy();
  assertSource(kinesis);
  await kinesis.close();
});

async function putLease(leaseKey: string, attributes: object): Promise<void> {
  const item = { leaseKey, leaseCounter: 7, ownerSwitchesSinceCheckpoint: 0, ...attributes };
  await dynamodb.send(new PutItemCommand({ TableName: leaseTable, Item: marshall(item) }));
}

it('a consumer goes on where KCL has stopped', async () => {
  kinesis.createStream(stream, 2);
  const put = (text: string, key: string) => ({ text, ...kinesis.put(stream, key, text) });
  const before = Array.from({ length: 20 }, (_, index) => put(`r${index}`, `k${index}`));
  const [first, second] = kinesis
    .shards(stream)
    .map((shard) => before.filter(({ shardId }) => shardId === shard.shardId));
  const done = first?.at(2);
  if (!first || !second || !done) throw new Error('both shards must have records');
  // One shard was committed up to its third record; KCL has not begun the other one.
  const place = { checkpoint: done.sequenceNumber, checkpointSubSequenceNumber: 0 };
  await putLease(done.shardId, { ...place, leaseOwner: 'kcl-worker-1', entityType: 'LEASE' });
  await putLease(second[0]?.shardId ?? '', { checkpoint: 'LATEST', checkpointSubSequenceNumber: 0 });
  await putLease('Leader', { entityType: 'LEADER' });

  const refused = client.backups.fromKcl(consumer, { leaseTable, watchMs: 0 });
  await expect(refused).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringContaining('--start-at'),
  });

  const startAtMs = Date.now() - 60_000;
  const watched = client.backups.fromKcl(consumer, { leaseTable, startAtMs, watchMs: 1_000 });
  const renewal = { TableName: leaseTable, Key: marshall({ leaseKey: done.shardId }) };
  const counting = { UpdateExpression: 'ADD leaseCounter :one', ExpressionAttributeValues: marshall({ ':one': 1 }) };
  const renewals = setInterval(() => void dynamodb.send(new UpdateItemCommand({ ...renewal, ...counting })), 200);
  const stillRuns = { code: 'CONSUMER_RUNNING', message: expect.stringContaining('by kcl-worker-1') };
  await expect(watched.finally(() => clearInterval(renewals))).rejects.toMatchObject(stillRuns);

  const backup = await client.backups.fromKcl(consumer, { leaseTable, startAtMs, watchMs: 0 });
  const plan = await client.backups.planImport(consumer, backup);
  expect(new Set(plan.steps.map(({ action }) => action))).toEqual(new Set(['create', 'record']));
  await client.backups.import(consumer, plan);

  await client.start(consumer);
  const worker = await createWorker([consumer], { temporal: { address: stackEnv().temporalAddress } });
  const run = worker.run();
  try {
    put('last', 'k1');
    // KCL's `.0` of a record that is no aggregate means the whole record.
    const wanted = [...first.slice(3), ...second].map(({ text }) => text).concat('last');
    await eventually(() => handled.length >= wanted.length, { timeoutMs: 60_000, what: 'what KCL had left' });
    expect(handled.toSorted()).toEqual(wanted.toSorted());
  } finally {
    worker.shutdown();
    await run;
  }
});

it('a table that is no lease table is refused', async () => {
  const other = client.backups.fromKcl(consumer, { leaseTable: tableName, watchMs: 0 });
  await expect(other).rejects.toMatchObject({ code: 'BACKUP_INVALID' });
  const missing = client.backups.fromKcl(consumer, { leaseTable: `${leaseTable}-x`, watchMs: 0 });
  await expect(missing).rejects.toMatchObject({
    code: 'TABLE_NOT_FOUND',
    message: expect.stringContaining('lease table'),
  });
});
