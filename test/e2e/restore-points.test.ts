import { DeleteItemCommand, PutItemCommand, QueryCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { createDynamodbClient } from '../../src/aws/clients';
import { RestorePoints, type RestorePoint } from '../../src/checkpoints/restore-points';
import { createCheckpointTable } from '../../src/checkpoints/table';
import { restorePointPrefix, type StreamIncarnation } from '../../src/core/names';
import type { Position } from '../../src/core/positions';
import { newStream } from '../support/checkpoint-store.contract';
import { stackEnv } from '../support/stack-env';

const TableName = 'tidemark-restore-points';
const HOUR_MS = 3_600_000;

/** A client whose writes fail once this many items were put. */
function dyingAfter(client: DynamoDBClient, puts: number): DynamoDBClient {
  let left = puts;
  const send = (command: Parameters<DynamoDBClient['send']>[0]): Promise<unknown> => {
    if (command instanceof PutItemCommand && left-- <= 0) return Promise.reject(new Error('planted'));
    return client.send(command);
  };
  return new Proxy(client, {
    get: (target, name) => (name === 'send' ? send : (Reflect.get(target, name) as unknown)),
  });
}

function pointOf(name: string, sequenceNumber: string, change: Partial<RestorePoint> = {}): RestorePoint {
  const position: Position = { at: 'AFTER', sequenceNumber };
  const positions = new Map(['s0', 's1', 's2', 's3', 's4'].map((shardId) => [shardId, position]));
  return { name, atMs: 1_767_225_600_000, by: 'jane', positions, ...change };
}

const EXISTS = { code: 'RESTORE_POINT_EXISTS' };
const NOT_FOUND = { code: 'RESTORE_POINT_NOT_FOUND' };

describe('restore points in DynamoDB', () => {
  const { dynamodbEndpoint, region, credentials } = stackEnv();
  const client = createDynamodbClient({ region, dynamodbEndpoint, credentials });
  const points = new RestorePoints(client, TableName, 2);
  let stream: StreamIncarnation;

  beforeAll(() => createCheckpointTable(client, TableName));
  beforeEach(() => {
    stream = newStream();
  });
  afterAll(() => client.destroy());

  async function sortKeys(): Promise<string[]> {
    const { pk, prefix } = restorePointPrefix(stream);
    const { Items = [] } = await client.send(
      new QueryCommand({
        TableName,
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
        ExpressionAttributeValues: marshall({ ':pk': pk, ':prefix': prefix }),
        ConsistentRead: true,
      }),
    );
    return Items.map((item) => unmarshall(item).sk as string);
  }

  async function deleteOne(keep: (sk: string) => boolean): Promise<void> {
    const { pk } = restorePointPrefix(stream);
    const sk = (await sortKeys()).find((one) => !keep(one)) ?? '';
    await client.send(new DeleteItemCommand({ TableName, Key: marshall({ pk, sk }) }));
  }

  it('are given back as they were, over many items, by name, and are gone once deleted', async () => {
    const expiresAtMs = Math.ceil(Date.now() / 1_000) * 1_000 + HOUR_MS;
    const [a, b] = [pointOf('a', '7', { reason: 'deploy', expiresAtMs }), pointOf('a.b', '8')];
    const none = pointOf('none', '1', { positions: new Map() });
    for (const point of [none, b, a]) await points.create(stream, point);
    expect(await points.list(stream)).toEqual([a, b, none]);
    expect(await points.get(stream, 'a')).toEqual(a);
    expect(await points.list({ ...stream, createdAtMs: 1 })).toEqual([]);
    await points.delete(stream, 'a');
    expect(await points.list(stream)).toEqual([b, none]);
    await expect(points.get(stream, 'a')).rejects.toMatchObject(NOT_FOUND);
    await expect(points.delete(stream, 'a')).rejects.toMatchObject(NOT_FOUND);
    for (const name of ['a.b', 'none']) await points.delete(stream, name);
    expect(await sortKeys()).toEqual([]);
  });

  it('are not touched by another of the same name, which leaves nothing behind', async () => {
    const first = pointOf('before', '7');
    await points.create(stream, first);
    await expect(points.create(stream, pointOf('before', '9'))).rejects.toMatchObject(EXISTS);
    expect(await points.list(stream)).toEqual([first]);
    expect(await sortKeys()).toHaveLength(3);
  });

  it('that are created at once under one name: one of them is kept, whole', async () => {
    const rivals = ['1', '2', '3', '4'].map((sequenceNumber) => pointOf('race', sequenceNumber));
    const outcomes = await Promise.allSettled(rivals.map((point) => points.create(stream, point)));
    const winners = rivals.filter((_, index) => outcomes[index]?.status === 'fulfilled');
    expect(winners).toHaveLength(1);
    expect(await points.list(stream)).toEqual(winners);
    expect(await sortKeys()).toHaveLength(3);
  });

  it('that a crash has left without their head are none, can be created, and can be deleted', async () => {
    const dying = new RestorePoints(dyingAfter(client, 2), TableName, 2);
    await expect(dying.create(stream, pointOf('torn', '7'))).rejects.toThrow();
    expect(await sortKeys()).toHaveLength(2);
    expect(await points.list(stream)).toEqual([]);
    expect(await points.listIncomplete(stream)).toEqual([
      { name: 'torn', atMs: 1_767_225_600_000, by: 'jane', items: 2 },
    ]);
    await expect(points.get(stream, 'torn')).rejects.toMatchObject(NOT_FOUND);
    const whole = pointOf('torn', '8');
    await points.create(stream, whole);
    expect(await points.list(stream)).toEqual([whole]);
    expect(await points.listIncomplete(stream)).toEqual([]);
    // Nothing is left of the one that was torn.
    expect(await sortKeys()).toHaveLength(3);
    await points.delete(stream, 'torn');
    expect(await sortKeys()).toEqual([]);

    await expect(new RestorePoints(dyingAfter(client, 1), TableName, 2).create(stream, whole)).rejects.toThrow();
    await points.delete(stream, 'torn');
    expect(await sortKeys()).toEqual([]);
  });

  it('that lack a part are none', async () => {
    await points.create(stream, pointOf('holed', '7'));
    await deleteOne((sk) => sk.endsWith('#0000'));
    expect(await points.list(stream)).toEqual([]);
    await expect(points.get(stream, 'holed')).rejects.toMatchObject(NOT_FOUND);
    await points.delete(stream, 'holed');
    expect(await sortKeys()).toEqual([]);
  });

  it('that have expired are none, although DynamoDB has not deleted them yet', async () => {
    const expired = pointOf('old', '7', { expiresAtMs: Date.now() - 1_000 });
    await points.create(stream, expired);
    expect(await points.list(stream)).toEqual([]);
    await expect(points.get(stream, 'old')).rejects.toMatchObject(NOT_FOUND);
    const next = pointOf('old', '9', { expiresAtMs: undefined });
    await points.create(stream, next);
    expect(await points.get(stream, 'old')).toEqual(next);
    await expect(points.create(stream, expired)).rejects.toMatchObject(EXISTS);
    await points.delete(stream, 'old');
    await points.create(stream, expired);
    await points.delete(stream, 'old');
    expect(await sortKeys()).toEqual([]);
  });

  it('know their own head where the reply to its write was lost', async () => {
    let isLost = false;
    const send = async (command: Parameters<DynamoDBClient['send']>[0]): Promise<unknown> => {
      const answer: unknown = await client.send(command);
      if (!(command instanceof PutItemCommand) || command.input.ConditionExpression === undefined) return answer;
      isLost = true;
      return client.send(command);
    };
    const retrying = new Proxy(client, {
      get: (target, name) => (name === 'send' ? send : (Reflect.get(target, name) as unknown)),
    });
    const point = pointOf('lost', '7');
    await new RestorePoints(retrying, TableName, 2).create(stream, point);
    expect(isLost).toBe(true);
    expect(await points.list(stream)).toEqual([point]);
  });
});
