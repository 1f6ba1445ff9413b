import { randomUUID } from 'node:crypto';

import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';

import { createDynamodbClient } from '../../src/aws/clients';
import type { Effect } from '../../src/checkpoints/checkpoint-store';
import { DynamodbCheckpointStore } from '../../src/checkpoints/dynamodb-store';
import { createCheckpointTable } from '../../src/checkpoints/table';
import { checkpointKey, knownShardKey } from '../../src/core/names';
import {
  ABSENT,
  describeCheckpointStore,
  newStream,
  shardOf,
  state,
  writeOf,
} from '../support/checkpoint-store.contract';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy';
import { stackEnv } from '../support/stack-env';

const tableName = `checkpoints-${randomUUID()}`;
let proxy: FaultProxy;
let client: DynamoDBClient;
let store: DynamodbCheckpointStore;

beforeAll(async () => {
  const { dynamodbEndpoint, region, credentials } = stackEnv();
  proxy = await startFaultProxy(dynamodbEndpoint);
  client = createDynamodbClient({ region, credentials, dynamodbEndpoint: proxy.endpoint });
  await createCheckpointTable(client, tableName);
  store = new DynamodbCheckpointStore(client, tableName);
});

afterEach(() => proxy.faults.clear());

afterAll(async () => {
  client.destroy();
  await proxy.close();
});

describeCheckpointStore('DynamodbCheckpointStore', () => store);

describe('DynamodbCheckpointStore', () => {
  it('names consumer, stream, shard, position and time in the item, in words', async () => {
    const shard = shardOf(newStream('flights'));
    const position = {
      at: 'AFTER',
      sequenceNumber: '49671246667567228643283430150187087032206582658500001794',
    } as const;
    await store.write(writeOf(shard, ABSENT, state('a', { position })));
    const { Item } = await client.send(
      new GetItemCommand({ TableName: tableName, Key: marshall(checkpointKey(shard)) }),
    );
    expect(unmarshall(Item ?? {})).toMatchObject({
      schema: 1,
      consumer: 'contract',
      streamArn: shard.streamArn,
      streamCreatedAt: '2026-01-01T00:00:00.123Z',
      shardId: 'shardId-000000000000',
      positionText: 'AFTER 49671246667567228643283430150187087032206582658500001794',
      committedAt: '2026-01-01T00:01:40.000Z',
      workflowId: expect.stringContaining('flights'),
    });
  });

  it('takes a lost reply for its own write when the same write is sent again', async () => {
    const shard = shardOf(newStream());
    await store.write(writeOf(shard, ABSENT, state('a')));
    const lost = proxy.faults.add({ operation: 'UpdateItem', times: 1, action: { dropReply: true } });
    const write = writeOf(shard, { token: 'a' }, state('b'));
    await expect(store.write(write)).rejects.toMatchObject({ code: 'DYNAMODB_UNAVAILABLE', retryable: true });
    expect(lost.hits).toBe(1);
    expect(await store.write(write)).toMatchObject({ kind: 'refused', row: { token: 'b', revision: 2 } });
    const [first, second] = proxy.requests.list('UpdateItem').slice(-2);
    expect(second?.body).toEqual(first?.body);
  });

  it('reads the row where the endpoint does not return what refused a write', async () => {
    const shard = shardOf(newStream());
    await store.write(writeOf(shard, ABSENT, state('a')));
    const silent = proxy.faults.add({
      operation: 'UpdateItem',
      action: { rewrite: ({ Item: _item, ...rest }) => rest },
    });
    const answer = await store.write(writeOf(shard, { token: 'old' }, state('c')));
    expect(silent.hits).toBe(1);
    expect(answer).toMatchObject({ kind: 'refused', row: { token: 'a' } });
    const missing = await store.write(writeOf(shardOf(newStream()), { token: 'old' }, state('c')));
    expect(missing).toEqual({ kind: 'refused' });
  });

  it('leaves attributes alone that it does not know', async () => {
    const shard = shardOf(newStream());
    await store.write(writeOf(shard, ABSENT, state('a')));
    const note = { TableName: tableName, Key: marshall(checkpointKey(shard)) };
    const values = { ':note': { S: 'by hand' } };
    await client.send(
      new UpdateItemCommand({ ...note, UpdateExpression: 'SET note = :note', ExpressionAttributeValues: values }),
    );
    await store.write(writeOf(shard, { token: 'a' }, state('b')));
    const { Item } = await client.send(new GetItemCommand(note));
    expect(unmarshall(Item ?? {})).toMatchObject({ note: 'by hand', token: 'b' });
  });

  it('finds out that a row was deleted', async () => {
    const shard = shardOf(newStream());
    await store.write(writeOf(shard, ABSENT, state('a')));
    await client.send(new DeleteItemCommand({ TableName: tableName, Key: marshall(checkpointKey(shard)) }));
    expect(await store.write(writeOf(shard, { token: 'a' }, state('b')))).toEqual({ kind: 'refused' });
  });

  it('names the row that is damaged, in reads and in refusals', async () => {
    const shard = shardOf(newStream());
    await client.send(
      new PutItemCommand({ TableName: tableName, Item: marshall({ ...checkpointKey(shard), schema: 1 }) }),
    );
    const damaged = { code: 'CHECKPOINT_DAMAGED', context: checkpointKey(shard) };
    await expect(store.read(shard)).rejects.toMatchObject(damaged);
    await expect(store.readMany([shard])).rejects.toMatchObject(damaged);
    await expect(store.write(writeOf(shard, ABSENT, state('a')))).rejects.toMatchObject(damaged);
    await expect(store.write(writeOf(shard, { token: 'a' }, state('b')))).rejects.toMatchObject(damaged);
  });

  it('names the record of a shard that is damaged', async () => {
    const stream = newStream();
    const key = knownShardKey(shardOf(stream));
    await client.send(new PutItemCommand({ TableName: tableName, Item: marshall({ ...key, schema: 99 }) }));
    await expect(store.listKnownShards(stream)).rejects.toMatchObject({ code: 'CHECKPOINT_DAMAGED', context: key });
  });

  it('asks again for the keys that a batch read leaves out', async () => {
    const stream = newStream();
    const shards = [shardOf(stream), shardOf(stream, 'shardId-000000000001')];
    for (const shard of shards) await store.write(writeOf(shard, ABSENT, state(shard.shardId)));
    const partial = proxy.faults.add({
      operation: 'BatchGetItem',
      times: 2,
      action: { rewrite: (_response, { body }) => ({ Responses: {}, UnprocessedKeys: body.RequestItems }) },
    });
    const rows = await store.readMany(shards);
    expect(partial.hits).toBe(2);
    expect(rows.map((row) => row?.token)).toEqual(shards.map(({ shardId }) => shardId));
  });

  it('reads consistently', async () => {
    const stream = newStream();
    proxy.requests.clear();
    await store.read(shardOf(stream));
    await store.readMany([shardOf(stream)]);
    await store.findRegistration(stream);
    await store.listKnownShards(stream);
    const flags = proxy.requests.list().map(({ operation, body }) => [operation, consistency(body)]);
    expect(flags).toEqual([
      ['GetItem', true],
      ['BatchGetItem', true],
      ['GetItem', true],
      ['Query', true],
    ]);
  });

  it('says that the table is missing', async () => {
    const lost = new DynamodbCheckpointStore(client, `missing-${randomUUID()}`);
    await expect(lost.read(shardOf(newStream()))).rejects.toMatchObject({ code: 'TABLE_NOT_FOUND' });
    await expect(lost.listKnownShards(newStream())).rejects.toMatchObject({ code: 'TABLE_NOT_FOUND' });
  });

  it.each([
    ['ProvisionedThroughputExceededException', 'THROUGHPUT_EXCEEDED'],
    ['ThrottlingException', 'THROUGHPUT_EXCEEDED'],
    ['InternalServerError', 'DYNAMODB_UNAVAILABLE'],
    ['AccessDeniedException', 'ACCESS_DENIED'],
  ])('turns %s into %s', async (error, code) => {
    proxy.faults.add({ action: { error } });
    const stream = newStream();
    const calls = [
      store.read(shardOf(stream)),
      store.write(writeOf(shardOf(stream), ABSENT, state('a'))),
      store.readMany([shardOf(stream)]),
      store.recordShards(stream, [
        { shardId: 'shardId-000000000000', parentShardIds: [], start: { at: 'TRIM_HORIZON' } },
      ]),
      store.markInitialShardsRecorded(stream),
    ];
    for (const settled of await Promise.allSettled(calls)) {
      expect(settled).toMatchObject({ status: 'rejected', reason: { name: 'TidemarkError', code } });
    }
  });
});

function consistency(body: Readonly<Record<string, unknown>>): unknown {
  const { ConsistentRead, RequestItems } = body as {
    ConsistentRead?: boolean;
    RequestItems?: Record<string, { ConsistentRead?: boolean }>;
  };
  return ConsistentRead ?? RequestItems?.[tableName]?.ConsistentRead;
}

describe('a commit with effects', () => {
  const effectOn = (pk: string, condition?: string): Effect => ({
    Put: { TableName: tableName, Item: marshall({ pk, sk: 'effect' }), ConditionExpression: condition },
  });
  const isWritten = async (pk: string): Promise<boolean> =>
    (await client.send(new GetItemCommand({ TableName: tableName, Key: marshall({ pk, sk: 'effect' }) }))).Item !==
    undefined;

  async function claimed() {
    const shard = shardOf(newStream());
    await store.write(writeOf(shard, ABSENT, state('a')));
    const name = randomUUID();
    return { shard, name, next: { ...writeOf(shard, { token: 'a' }, state(randomUUID())), effects: [effectOn(name)] } };
  }

  it('writes both', async () => {
    const { shard, name, next } = await claimed();
    expect(await store.write(next)).toEqual({ kind: 'written' });
    expect(await store.read(shard)).toMatchObject({ token: next.next.token, revision: 2 });
    expect(await isWritten(name)).toBe(true);
  });

  it('is the same write when it is sent again', async () => {
    const { next } = await claimed();
    await store.write(next);
    expect(await store.write(next)).toMatchObject({ kind: 'written' });
  });

  it("writes neither where the token is not the row's, and says which row refused it", async () => {
    const { shard, name, next } = await claimed();
    const answer = await store.write({ ...next, condition: { token: 'other' } });
    expect(answer).toMatchObject({ kind: 'refused', row: { token: 'a' } });
    expect(await isWritten(name)).toBe(false);
    expect((await store.read(shard))?.token).toBe('a');
  });

  it('writes neither where an effect is refused, and says which', async () => {
    const { shard, name, next } = await claimed();
    const effects = [effectOn(name), effectOn(randomUUID(), 'attribute_exists(pk)')];
    expect(await store.write({ ...next, effects })).toMatchObject({
      kind: 'effectsRefused',
      code: 'EFFECT_REFUSED',
      message: 'effect 2 of 2 was refused: ConditionalCheckFailed',
    });
    expect(await isWritten(name)).toBe(false);
    expect((await store.read(shard))?.token).toBe('a');
  });

  it('may be effects of a replay alone: all or nothing, and no row', async () => {
    const [one, another] = [randomUUID(), randomUUID()];
    const refused = [effectOn(one), effectOn(another, 'attribute_exists(pk)')];
    expect(await store.writeEffects(refused, randomUUID())).toMatchObject({ code: 'EFFECT_REFUSED' });
    expect(await isWritten(one)).toBe(false);
    expect(await store.writeEffects([effectOn(one), effectOn(another)], randomUUID())).toBeUndefined();
    expect([await isWritten(one), await isWritten(another)]).toEqual([true, true]);
  });

  it.each([
    ['two on one item', (name: string) => [effectOn(name), effectOn(name)]],
    ['more than 99', () => Array.from({ length: 100 }, () => effectOn(randomUUID()))],
  ])('is too large with %s', async (_, effects) => {
    const { name, next } = await claimed();
    expect(await store.write({ ...next, effects: effects(name) })).toMatchObject({
      kind: 'effectsRefused',
      code: 'TRANSACTION_TOO_LARGE',
    });
  });

  it('keeps the mark of a trial, and a commit removes it', async () => {
    const shard = shardOf(newStream());
    const streak = {
      position: { at: 'TRIM_HORIZON' },
      through: '7',
      records: 2,
      failures: 1,
      deaths: 1,
      phase: 'retry',
    } as const;
    const trial = { streak, isRunning: true, runId: 'run', activitySeq: 1, attempt: 2 };
    const write = writeOf(shard, ABSENT, state('a', { fence: 5 }));
    await store.write({ ...write, facts: { ...write.facts, trial, parkedKeys: 3 } });
    expect(await store.read(shard)).toMatchObject({ trial, fence: 5, parkedKeys: 3 });
    await store.write(writeOf(shard, { token: 'a' }, state('b', { fence: 5 })));
    expect((await store.read(shard))?.trial).toBeUndefined();
  });
});
