import { randomUUID } from 'node:crypto';

import { DeleteItemCommand, TransactWriteItemsCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';

import { createDynamodbClient } from '../../src/aws/clients';
import { createCheckpointTable } from '../../src/checkpoints/table';
import { DynamodbDeadLetterStore } from '../../src/dead-letters/dynamodb-dead-letters';
import { partKey } from '../../src/dead-letters/letter-items';
import { newStream, shardOf } from '../support/checkpoint-store.contract';
import {
  changeOf,
  describeDeadLetterStore,
  letterOf,
  write,
  type OpenedStore,
} from '../support/dead-letter-store.contract';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy';
import { stackEnv } from '../support/stack-env';

const tableName = `letters-${randomUUID()}`;
let proxy: FaultProxy;
let client: DynamoDBClient;
let store: OpenedStore;

beforeAll(async () => {
  const { dynamodbEndpoint, region, credentials } = stackEnv();
  proxy = await startFaultProxy(dynamodbEndpoint);
  client = createDynamodbClient({ region, credentials, dynamodbEndpoint: proxy.endpoint });
  await createCheckpointTable(client, tableName);
  store = {
    letters: new DynamodbDeadLetterStore(client, tableName),
    transact: async (TransactItems) => {
      await client.send(new TransactWriteItemsCommand({ TransactItems }));
    },
    deletePart: async (key, part) => {
      await client.send(new DeleteItemCommand({ TableName: tableName, Key: marshall(partKey(key, part)) }));
    },
  };
});

afterEach(() => proxy.faults.clear());

afterAll(async () => {
  client.destroy();
  await proxy.close();
});

describeDeadLetterStore('DynamodbDeadLetterStore', () => store);

describe('DynamodbDeadLetterStore', () => {
  it('takes a mark whose reply was lost for its own', async () => {
    const letter = await write(store, letterOf(shardOf(newStream())));
    const mark = { letter, change: changeOf() };
    proxy.faults.add({ operation: 'UpdateItem', times: 1, action: { dropReply: true } });
    await expect(store.letters.mark(mark)).rejects.toMatchObject({ code: 'DYNAMODB_UNAVAILABLE', retryable: true });
    expect(await store.letters.mark(mark)).toMatchObject({ kind: 'marked', letter: { status: 'REDRIVEN' } });
    const [first, second] = proxy.requests.list('UpdateItem').slice(-2);
    expect(second?.body).toEqual(first?.body);
  });

  it('takes a transaction whose reply was lost for its own, with its effects', async () => {
    const shard = shardOf(newStream());
    const letter = await write(store, letterOf(shard));
    const mark = { letter, change: changeOf() };
    const Key = { pk: { S: `sum#${shard.streamName}` }, sk: { S: 'sum' } };
    const effect = {
      Update: {
        TableName: tableName,
        Key,
        UpdateExpression: 'ADD n :one',
        ExpressionAttributeValues: { ':one': { N: '1' } },
      },
    };
    proxy.faults.add({ operation: 'TransactWriteItems', times: 1, action: { dropReply: true } });
    await expect(store.letters.markAll([mark], [effect])).rejects.toMatchObject({ retryable: true });
    expect(await store.letters.markAll([mark], [effect])).toEqual({ kind: 'marked' });
  });

  it('knows its own transaction by the letter, where DynamoDB has forgotten the request', async () => {
    const letter = await write(store, letterOf(shardOf(newStream())));
    const mark = { letter, change: changeOf() };
    await store.letters.mark(mark);
    expect(await store.letters.markAll([mark], [])).toEqual({ kind: 'marked' });
    expect(await store.letters.markAll([{ letter, change: changeOf() }], [])).toEqual({ kind: 'conflict' });
  });

  it('tells effects that are refused from letters that were changed', async () => {
    const letter = await write(store, letterOf(shardOf(newStream())));
    const mark = { letter, change: changeOf() };
    const impossible = {
      ConditionCheck: {
        TableName: tableName,
        Key: marshall({ pk: 'nothing', sk: 'here' }),
        ConditionExpression: 'attribute_exists(pk)',
      },
    };
    expect(await store.letters.markAll([mark], [impossible])).toMatchObject({
      kind: 'effectsRefused',
      code: 'EFFECT_REFUSED',
    });
    expect(await store.letters.get(letter)).toMatchObject({ status: 'OPEN', version: 1 });
  });
});
