import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';

import { createDynamodbClient } from '../../../src/aws/clients';
import { checkCheckpointTable, createCheckpointTable } from '../../../src/checkpoints/table';
import { AwsError } from '../../support/scripted-kinesis/aws-error';
import {
  jsonReply,
  type JsonObject,
  type JsonReply,
  type JsonRequest,
} from '../../support/scripted-kinesis/json-request';
import { startJsonServer, type FaultyServer } from '../../support/scripted-kinesis/json-server';

const TABLE = 'tidemark-checkpoints';
const KEYS = [
  { AttributeName: 'pk', KeyType: 'HASH' },
  { AttributeName: 'sk', KeyType: 'RANGE' },
];
const STRINGS = [
  { AttributeName: 'pk', AttributeType: 'S' },
  { AttributeName: 'sk', AttributeType: 'S' },
];

let server: FaultyServer;
let client: DynamoDBClient;
/** What DescribeTable answers, one after the other; the last one stays. An undefined one is "no such table". */
let descriptions: (JsonObject | undefined)[];

function table(TableStatus: string, change: JsonObject = {}): JsonObject {
  return { TableName: TABLE, TableStatus, KeySchema: KEYS, AttributeDefinitions: STRINGS, ...change };
}

function execute({ operation }: JsonRequest): JsonReply {
  if (operation !== 'DescribeTable') return jsonReply(200, {});
  const described = descriptions.length > 1 ? descriptions.shift() : descriptions[0];
  if (!described) throw new AwsError('ResourceNotFoundException', 'Requested resource not found');
  return jsonReply(200, { Table: described });
}

beforeAll(async () => {
  server = await startJsonServer({ execute, nowMs: Date.now });
  const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };
  client = createDynamodbClient({ region: 'us-east-1', credentials, dynamodbEndpoint: server.endpoint });
});

beforeEach(() => {
  server.faults.clear();
  server.requests.clear();
});

afterAll(async () => {
  client.destroy();
  await server.close();
});

describe('checkCheckpointTable', () => {
  it.each(['ACTIVE', 'UPDATING'])('accepts a table that is %s', async (status) => {
    descriptions = [table(status)];
    await expect(checkCheckpointTable(client, TABLE)).resolves.toBeUndefined();
  });

  it('names a table that does not exist', async () => {
    descriptions = [undefined];
    const refusal = { code: 'TABLE_NOT_FOUND', message: expect.stringContaining(`table=${TABLE}`) };
    await expect(checkCheckpointTable(client, TABLE)).rejects.toMatchObject(refusal);
  });

  it.each(['DELETING', 'ARCHIVING', 'ARCHIVED', 'INACCESSIBLE_ENCRYPTION_CREDENTIALS'])(
    'refuses %s by name',
    async (status) => {
      descriptions = [table(status)];
      const refusal = { code: 'TABLE_UNUSABLE', message: expect.stringContaining(`its status is ${status}`) };
      await expect(checkCheckpointTable(client, TABLE)).rejects.toMatchObject(refusal);
    },
  );

  it.each([
    ['one key', { KeySchema: KEYS.slice(0, 1) }],
    ['other names', { KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'HASH' }] }],
    [
      'exchanged keys',
      { KeySchema: KEYS.map(({ AttributeName }, i) => ({ AttributeName, KeyType: KEYS[1 - i]?.KeyType })) },
    ],
    ['a number', { AttributeDefinitions: [STRINGS[0], { AttributeName: 'sk', AttributeType: 'N' }] }],
  ])('refuses a table with %s, and names what it found', async (_what, change) => {
    descriptions = [table('ACTIVE', change)];
    const refusal = {
      code: 'TABLE_UNUSABLE',
      message: expect.stringMatching(/Expected the keys pk \(HASH, S\), sk \(RANGE, S\).*found \w+ \(/),
    };
    await expect(checkCheckpointTable(client, TABLE)).rejects.toMatchObject(refusal);
  });

  it('waits for a table that is being created', async () => {
    descriptions = [table('CREATING'), table('CREATING'), table('ACTIVE')];
    await expect(checkCheckpointTable(client, TABLE)).resolves.toBeUndefined();
  });

  it('does not wait without end', async () => {
    descriptions = [table('CREATING')];
    const refusal = { code: 'TABLE_UNUSABLE', message: expect.stringContaining('its status is CREATING') };
    await expect(checkCheckpointTable(client, TABLE, { maxWaitMs: 1_000 })).rejects.toMatchObject(refusal);
  });

  it('names the action that is not allowed', async () => {
    server.faults.add({ action: { error: 'AccessDeniedException' } });
    const refusal = { code: 'ACCESS_DENIED', message: expect.stringContaining('dynamodb:DescribeTable') };
    await expect(checkCheckpointTable(client, TABLE)).rejects.toMatchObject(refusal);
  });
});

describe('createCheckpointTable', () => {
  it('creates an on-demand table with time-to-live, and waits for it', async () => {
    descriptions = [undefined, undefined, table('CREATING'), table('ACTIVE')];
    expect(await createCheckpointTable(client, TABLE)).toBe('created');
    expect(server.requests.list('CreateTable').map(({ body }) => body)).toEqual([
      { TableName: TABLE, BillingMode: 'PAY_PER_REQUEST', KeySchema: KEYS, AttributeDefinitions: STRINGS },
    ]);
    expect(server.requests.list('UpdateTimeToLive').map(({ body }) => body)).toEqual([
      { TableName: TABLE, TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true } },
    ]);
  });

  it('leaves a table that exists as it is', async () => {
    descriptions = [table('ACTIVE')];
    expect(await createCheckpointTable(client, TABLE)).toBe('existed');
    expect(server.requests.count('CreateTable') + server.requests.count('UpdateTimeToLive')).toBe(0);
  });

  it('refuses a table that exists with other keys', async () => {
    descriptions = [table('ACTIVE', { KeySchema: KEYS.slice(0, 1) })];
    await expect(createCheckpointTable(client, TABLE)).rejects.toMatchObject({ code: 'TABLE_UNUSABLE' });
  });

  it('stands somebody else who creates it at the same time', async () => {
    descriptions = [undefined, table('CREATING'), table('ACTIVE')];
    server.faults.add({ operation: 'CreateTable', action: { error: 'ResourceInUseException' } });
    expect(await createCheckpointTable(client, TABLE)).toBe('existed');
  });

  it('does without time-to-live where the endpoint has none', async () => {
    descriptions = [undefined, table('ACTIVE')];
    server.faults.add({ operation: 'UpdateTimeToLive', action: { error: 'UnknownOperationException' } });
    expect(await createCheckpointTable(client, TABLE)).toBe('created');
  });

  it('says that creating is not allowed', async () => {
    descriptions = [undefined];
    server.faults.add({ operation: 'CreateTable', action: { error: 'AccessDeniedException' } });
    const refusal = { code: 'ACCESS_DENIED', message: expect.stringContaining('dynamodb:CreateTable') };
    await expect(createCheckpointTable(client, TABLE)).rejects.toMatchObject(refusal);
  });
});
