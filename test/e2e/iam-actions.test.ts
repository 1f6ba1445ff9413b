import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createWorker, defineConsumer, TidemarkClient, type ConsumerDefinition } from '../../src';
import { createDynamodbClient } from '../../src/aws/clients';
import { createCheckpointTable } from '../../src/checkpoints/table';
import { AwsActions } from '../support/aws-actions';
import { eventually } from '../support/eventually';
import { startScriptedKinesis, type ScriptedKinesis } from '../support/scripted-kinesis';
import { stackEnv } from '../support/stack-env';

jest.setTimeout(180_000);

const JANE = { by: 'jane', reason: 'a test' };

let kinesis: ScriptedKinesis;
let actions: AwsActions;

beforeAll(async () => {
  kinesis = await startScriptedKinesis();
  actions = new AwsActions();
});
afterAll(async () => {
  actions.stop();
  await kinesis.close();
});

function allowed(role: string): string[] {
  const text = readFileSync(path.join(__dirname, '../../ops/iam', `${role}.json`), 'utf8');
  return (JSON.parse(text) as { Statement: { Action: string[] }[] }).Statement.flatMap(({ Action }) => Action);
}

/** Sets up, starts, consumes (one record is set aside), looks and steers, each in the name of its role. */
async function play(consumer: ConsumerDefinition, stream: string): Promise<void> {
  const temporal = { address: stackEnv().temporalAddress };
  const table = createDynamodbClient(consumer.options.aws);
  await actions.as('setup', () => createCheckpointTable(table, consumer.options.tableName));
  const client = await TidemarkClient.connect(temporal);
  const worker = await createWorker([consumer], { temporal });
  const running = actions.as('worker', () => worker.run());
  try {
    kinesis.put(stream, 'key', 'good');
    kinesis.put(stream, 'key', 'bad');
    await actions.as('coordinator', () => client.start(consumer));
    await actions.as('operator', () => steer(client, consumer));
  } finally {
    await client.stop(consumer, { by: 'jest', force: true }).catch(() => undefined);
    worker.shutdown();
    await running;
    await client.close();
    table.destroy();
  }
}

async function steer(client: TidemarkClient, consumer: ConsumerDefinition): Promise<void> {
  const read = async (): Promise<void> => {
    const { shards } = await client.status(consumer);
    expect(shards).toMatchObject([{ state: 'READING', records: 2 }]);
  };
  await eventually(read, { timeoutMs: 90_000, what: 'both records to be passed' });
  expect((await client.deadLetters.list(consumer)).letters).toHaveLength(1);
  await client.pause(consumer, JANE);
  await client.resume(consumer, JANE);
  await client.backups.planRepair(consumer);
}

it('each role calls what its policy allows, and nothing else', async () => {
  const { dynamodbEndpoint, region, credentials } = stackEnv();
  const stream = `flights-${randomUUID()}`;
  kinesis.createStream(stream, 1);
  const consumer = defineConsumer({
    name: 'iam',
    stream,
    startFrom: 'TRIM_HORIZON',
    tableName: `tidemark-${randomUUID()}`,
    historyIntervalMs: 1_000,
    aws: { region, credentials, dynamodbEndpoint, kinesisEndpoint: kinesis.endpoint },
    onFailure: { maxAttempts: 1 },
    handler: ({ records }) => ({
      failures: records.filter((record) => record.text() === 'bad').map((record) => ({ record, reason: 'no' })),
    }),
  });
  await play(consumer, stream);
  for (const role of ['setup', 'coordinator', 'worker', 'operator'])
    expect({ role, refused: actions.of(role).filter((action) => !allowed(role).includes(action)) }).toEqual({
      role,
      refused: [],
    });
  expect(actions.of('worker')).toEqual(
    expect.arrayContaining([
      'kinesis:GetRecords',
      'kinesis:GetShardIterator',
      'dynamodb:PutItem',
      'dynamodb:UpdateItem',
    ]),
  );
  expect(actions.of('setup')).toContain('dynamodb:CreateTable');
  expect(actions.of('operator')).toContain('dynamodb:Query');
  expect(actions.of('coordinator')).toContain('kinesis:DescribeStreamSummary');
});
