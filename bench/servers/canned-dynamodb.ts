/**
 * A DynamoDB that takes every checkpoint write at once and forgets it: shows what the emulator's own time costs. Keeps what is put,
 * so that consumers can be registered; a checkpoint is never read back, so it serves a single run from the start only.
 */
import { AwsError } from '../../test/support/scripted-kinesis/aws-error';
import { startJsonServer } from '../../test/support/scripted-kinesis/json-server';
import { jsonReply, type JsonObject } from '../../test/support/scripted-kinesis/json-request';
import { obeyParent, tellParent } from '../programs/parent';

interface Text {
  readonly S: string;
}
interface Key {
  readonly pk: Text;
  readonly sk: Text;
}
type Item = Key & JsonObject;

const items = new Map<string, Item>();

const operations: Record<string, (body: JsonObject) => JsonObject> = {
  DescribeTable: ({ TableName }) => ({ Table: { TableName, TableStatus: 'ACTIVE', KeySchema, AttributeDefinitions } }),
  PutItem: put,
  UpdateItem: () => ({}),
  GetItem: ({ Key }) => ({ Item: items.get(idOf(Key as Key)) }),
  BatchGetItem: ({ RequestItems }) => ({
    Responses: batchGet(RequestItems as Record<string, { Keys: Key[] }>),
    UnprocessedKeys: {},
  }),
  Query: ({ ExpressionAttributeValues }) => ({ Items: query(ExpressionAttributeValues as Record<string, Text>) }),
};

const KeySchema = [
  { AttributeName: 'pk', KeyType: 'HASH' },
  { AttributeName: 'sk', KeyType: 'RANGE' },
];
const AttributeDefinitions = KeySchema.map(({ AttributeName }) => ({ AttributeName, AttributeType: 'S' }));

function put({ Item: given }: JsonObject): JsonObject {
  const item = given as Item;
  const id = idOf(item);
  if (items.has(id)) throw new AwsError('ConditionalCheckFailedException', 'The conditional request failed');
  items.set(id, item);
  return {};
}

function batchGet(requests: Record<string, { Keys: Key[] }>): JsonObject {
  return Object.fromEntries(
    Object.entries(requests).map(([table, { Keys }]) => [table, Keys.flatMap((key) => items.get(idOf(key)) ?? [])]),
  );
}

function query(values: Record<string, Text>): Item[] {
  const partition = values[':pk']?.S;
  const prefix = values[':prefix']?.S ?? '';
  return [...items.values()].filter(({ pk, sk }) => pk.S === partition && sk.S.startsWith(prefix));
}

function idOf({ pk, sk }: Key): string {
  return `${pk.S}\n${sk.S}`;
}

async function main(): Promise<void> {
  const server = await startJsonServer({
    execute: ({ operation, body }) => {
      const execute = operations[operation];
      if (!execute) throw new AwsError('UnknownOperationException', `no operation ${operation} here`);
      return jsonReply(200, execute(body));
    },
    nowMs: Date.now,
  });
  obeyParent(({ kind }) => kind === 'stop' && process.exit(0));
  tellParent({ kind: 'ready', endpoint: server.endpoint });
}

void main();
