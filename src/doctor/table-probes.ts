import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  DescribeTableCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { translateAwsError } from '../aws/translate-error';
import { checkCheckpointTable } from '../checkpoints/table';
import { readProtections } from '../checkpoints/table-protection';
import { codeOf } from '../core/errors';
import type { ConsumerDefinition } from '../handler/define-consumer';
import type { ClockReading } from './clock';
import { ok, skipped, warning, wrong, type Finding, type Probe } from './finding';
import { serverTime } from './stream-probes';

/** No item has this key: reads find nothing, and writes on the condition that it exists must be refused. */
const NO_ITEM = { pk: { S: 'doctor#no-such-item' }, sk: { S: 'doctor' } };
const IF_EXISTS = 'attribute_exists(pk)';

/** The table, each permission on it, and its protection. Nothing is written. */
export function tableProbes({ options }: ConsumerDefinition, client: DynamoDBClient): Probe[] {
  const table = options.tableName;
  const probe = (name: string, look: () => Promise<Finding>): Probe => ({ name, consumer: options.name, look });
  const permission = (operation: string, send: () => Promise<unknown>): Probe =>
    probe(`dynamodb:${operation}`, () => lookAtPermission(operation, table, send));
  return [
    probe('table', async () => {
      await checkCheckpointTable(client, table, { maxWaitMs: 0 });
      return ok(`${table} can be used`);
    }),
    permission('GetItem', () => client.send(new GetItemCommand({ TableName: table, Key: NO_ITEM }))),
    permission('BatchGetItem', () =>
      client.send(new BatchGetItemCommand({ RequestItems: { [table]: { Keys: [NO_ITEM] } } })),
    ),
    permission('Query', () =>
      client.send(
        new QueryCommand({
          TableName: table,
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: { ':pk': NO_ITEM.pk },
        }),
      ),
    ),
    permission('PutItem', () =>
      client.send(new PutItemCommand({ TableName: table, Item: NO_ITEM, ConditionExpression: IF_EXISTS })),
    ),
    permission('UpdateItem', () =>
      client.send(
        new UpdateItemCommand({
          TableName: table,
          Key: NO_ITEM,
          UpdateExpression: 'SET seen = :true',
          ConditionExpression: IF_EXISTS,
          ExpressionAttributeValues: { ':true': { BOOL: true } },
        }),
      ),
    ),
    probe('table protection', () => lookAtProtection(client, table)),
  ];
}

async function lookAtPermission(operation: string, table: string, send: () => Promise<unknown>): Promise<Finding> {
  try {
    await send();
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException))
      throw translateAwsError(error, { service: 'DynamoDB', operation, context: { table } });
    return ok('allowed; refused by its condition, as it must be');
  }
  const isWrite = operation.startsWith('Put') || operation.startsWith('Update');
  return isWrite ? wrong('a write was not held back by its condition', 'Do not use this endpoint.') : ok('allowed');
}

async function lookAtProtection(client: DynamoDBClient, table: string): Promise<Finding> {
  try {
    const reports = await readProtections(client, table);
    const off = reports.filter(({ state }) => state === 'off').map(({ protection }) => protection);
    if (off.length > 0) return warning(`off: ${off.join(', ')}`, `npx tidemark table protect --table ${table}`);
    const unknown = reports.filter(({ state }) => state === 'unsupported').map(({ protection }) => protection);
    return unknown.length > 0 ? skipped(`this endpoint does not support ${unknown.join(', ')}`) : ok('all on');
  } catch (error) {
    if (codeOf(error) === 'TABLE_NOT_FOUND') return skipped('there is no table');
    if (codeOf(error) !== 'ACCESS_DENIED') throw error;
    return skipped('this identity may not look; see `npx tidemark table check`');
  }
}

/** What time DynamoDB has. */
export async function readDynamodbClock(client: DynamoDBClient, table: string): Promise<ClockReading> {
  const command = new DescribeTableCommand({ TableName: table });
  const sentMs = Date.now();
  let reading: ClockReading = { server: 'DynamoDB', sentMs, receivedMs: sentMs };
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      reading = { server: 'DynamoDB', sentMs, receivedMs: Date.now(), ...serverTime(result.response) };
      return result;
    },
    { step: 'deserialize', name: 'tidemarkDoctorClock' },
  );
  await client.send(command).catch(() => undefined);
  return reading;
}
