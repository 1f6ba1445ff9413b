import {
  CreateTableCommand,
  DeleteTableCommand,
  paginateScan,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { AirportFigures } from './flights';
import { DELAYS_TABLE } from './names';

const table = { TableName: DELAYS_TABLE };
const AIRPORT = 'airport#';

export async function createDelaysTable(client: DynamoDBClient): Promise<void> {
  await client.send(
    new CreateTableCommand({
      ...table,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    }),
  );
  await waitUntilTableExists({ client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 }, table);
  await client.send(
    new UpdateTimeToLiveCommand({ ...table, TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true } }),
  );
}

export async function deleteDelaysTable(client: DynamoDBClient): Promise<void> {
  await client.send(new DeleteTableCommand(table));
}

/** What the consumer has arrived at. */
export async function readDelays(client: DynamoDBClient): Promise<Map<string, AirportFigures>> {
  const figures = new Map<string, AirportFigures>();
  const onlyAirports = {
    FilterExpression: 'begins_with(id, :airport)',
    ExpressionAttributeValues: { ':airport': { S: AIRPORT } },
  };
  for await (const { Items = [] } of paginateScan({ client }, { ...table, ...onlyAirports, ConsistentRead: true })) {
    for (const item of Items) {
      const { id, flights, delayMinutes } = unmarshall(item) as AirportFigures & { id: string };
      figures.set(id.slice(AIRPORT.length), { flights, delayMinutes });
    }
  }
  return figures;
}
