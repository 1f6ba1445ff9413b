import {
  CreateTableCommand,
  QueryCommand,
  ResourceInUseException,
  type AttributeValue,
  type DynamoDBClient,
  type TransactWriteItem,
} from '@aws-sdk/client-dynamodb';

export const SINK_TABLE = 'tidemark-prove-sink';

/** What the counters of one partition key hold. A record that is missing or counted twice changes them all. */
export interface Amount {
  readonly records: number;
  readonly total: number;
  /** Sum of hashes: one record too many does not make up for another one too few. */
  readonly mix: number;
}

export type Amounts = Map<string, Amount>;

export interface SinkRecord {
  readonly partitionKey: string;
  readonly value: number;
}

export function addRecord(amounts: Amounts, { partitionKey, value }: SinkRecord): void {
  const { records, total, mix } = amounts.get(partitionKey) ?? { records: 0, total: 0, mix: 0 };
  amounts.set(partitionKey, { records: records + 1, total: total + value, mix: mix + mixOf(value) });
}

export function amountsOf(records: Iterable<SinkRecord>): Amounts {
  const amounts: Amounts = new Map();
  for (const record of records) addRecord(amounts, record);
  return amounts;
}

function mixOf(value: number): number {
  const mixed = Math.imul(value ^ (value >>> 16), 0x45d9f3b);
  return (Math.imul(mixed ^ (mixed >>> 16), 0x45d9f3b) >>> 0) % 1_000_003;
}

/** Adds an amount to the counters of a key of one sink. */
export function toUpdate(sink: string, key: string, { records, total, mix }: Amount): TransactWriteItem {
  return {
    Update: {
      TableName: SINK_TABLE,
      Key: { pk: { S: sink }, sk: { S: key } },
      UpdateExpression: 'ADD #records :records, #sum :sum, #mix :mix',
      ExpressionAttributeNames: { '#records': 'records', '#sum': 'total', '#mix': 'mix' },
      ExpressionAttributeValues: {
        ':records': { N: String(records) },
        ':sum': { N: String(total) },
        ':mix': { N: String(mix) },
      },
    },
  };
}

export async function createSinkTable(dynamodb: DynamoDBClient): Promise<void> {
  const command = new CreateTableCommand({
    TableName: SINK_TABLE,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: ['pk', 'sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
  });
  await dynamodb.send(command).catch((error: unknown) => {
    if (!(error instanceof ResourceInUseException)) throw error;
  });
}

/** The counters of one sink, by partition key. */
export async function readSink(dynamodb: DynamoDBClient, sink: string): Promise<Amounts> {
  const amounts: Amounts = new Map();
  let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
  do {
    const page = await dynamodb.send(
      new QueryCommand({
        TableName: SINK_TABLE,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': { S: sink } },
        ConsistentRead: true,
        ExclusiveStartKey,
      }),
    );
    for (const { sk, records, total, mix } of page.Items ?? [])
      amounts.set(sk?.S ?? '', { records: Number(records?.N), total: Number(total?.N), mix: Number(mix?.N) });
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey);
  return amounts;
}
