import {
  CreateTableCommand,
  DescribeTableCommand,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
  type DynamoDBClient,
  type TableDescription,
} from '@aws-sdk/client-dynamodb';

import { translateAwsError } from '../aws/translate-error';
import { codeOf, TidemarkError } from '../core/errors';

export const TIME_TO_LIVE_ATTRIBUTE = 'expiresAt';

export interface CheckpointTableOptions {
  /**
   * How long a table that is being created is waited for, in milliseconds.
   *
   * @default 60000
   */
  readonly maxWaitMs?: number;
  /**
   * Whether a table that is created gets time-to-live.
   *
   * @default true
   */
  readonly timeToLive?: boolean;
}

const DEFAULT_MAX_WAIT_MS = 60_000;
/** A table that is there at once, as an emulator's, is not waited for; after that the polls become rarer. */
const FIRST_WAIT_SECONDS = 0.1;
const WAIT_POLL_SECONDS = 1;
/** A table whose capacity or indexes are being changed can be used. */
const USABLE_STATUSES: readonly (string | undefined)[] = ['ACTIVE', 'UPDATING'];

/**
 * Creates the checkpoint table, with on-demand capacity and time-to-live on `expiresAt`. A table that exists is checked and otherwise
 * left as it is.
 *
 * @returns whether the table was created by this call.
 * @throws `TABLE_UNUSABLE` for a table with other keys, or one that cannot be used
 */
export async function createCheckpointTable(
  client: DynamoDBClient,
  tableName: string,
  options: CheckpointTableOptions = {},
): Promise<'created' | 'existed'> {
  const existing = await findTable(client, tableName);
  const isMine = existing === undefined && (await requestTable(client, tableName));
  // DynamoDB may not know of a table for a moment after it has agreed to create it.
  if (existing === undefined) await waitForTable(client, tableName, options.maxWaitMs ?? DEFAULT_MAX_WAIT_MS);
  await checkCheckpointTable(client, tableName, options);
  if (isMine && options.timeToLive !== false) await enableTimeToLive(client, tableName);
  return isMine ? 'created' : 'existed';
}

/**
 * Makes sure that checkpoints can be kept in this table; waits for one that is being created.
 * @throws `TABLE_NOT_FOUND`, `TABLE_UNUSABLE`
 */
export async function checkCheckpointTable(
  client: DynamoDBClient,
  tableName: string,
  { maxWaitMs = DEFAULT_MAX_WAIT_MS }: CheckpointTableOptions = {},
): Promise<void> {
  const found = await describeTable(client, tableName);
  checkKeys(found, tableName);
  const table = found.TableStatus === 'CREATING' ? await waitForTable(client, tableName, maxWaitMs) : found;
  if (USABLE_STATUSES.includes(table.TableStatus)) return;
  throw unusable(
    tableName,
    `The checkpoint table cannot be used: its status is ${table.TableStatus}`,
    STATUS_HINTS[table.TableStatus ?? ''],
  );
}

const STATUS_HINTS: Readonly<Record<string, string | undefined>> = {
  CREATING: 'Wait until the table is ACTIVE.',
  DELETING: 'Wait until it is gone, then create it again, or use another table.',
  ARCHIVING: 'Restore the table from its backup, or use another table.',
  ARCHIVED: 'Restore the table from its backup, or use another table.',
  INACCESSIBLE_ENCRYPTION_CREDENTIALS: 'Give DynamoDB access to the encryption key of the table again.',
};

function checkKeys({ KeySchema = [], AttributeDefinitions = [] }: TableDescription, tableName: string): void {
  const typeOf = (name: string | undefined): string | undefined =>
    AttributeDefinitions.find(({ AttributeName }) => AttributeName === name)?.AttributeType;
  const keys = KeySchema.map(({ AttributeName, KeyType }) => `${AttributeName} (${KeyType}, ${typeOf(AttributeName)})`);
  if (keys.toSorted().join() === 'pk (HASH, S),sk (RANGE, S)') return;
  throw unusable(
    tableName,
    `Expected the keys pk (HASH, S), sk (RANGE, S) of the checkpoint table, found ${keys.join(', ')}`,
  );
}

/** False if somebody else has just created it. */
async function requestTable(client: DynamoDBClient, tableName: string): Promise<boolean> {
  const command = new CreateTableCommand({
    TableName: tableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'sk', AttributeType: 'S' },
    ],
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
  });
  try {
    await client.send(command);
    return true;
  } catch (error) {
    if (isNamed(error, 'ResourceInUseException')) return false;
    throw translate(error, 'CreateTable', tableName);
  }
}

async function enableTimeToLive(client: DynamoDBClient, tableName: string): Promise<void> {
  const specification = { AttributeName: TIME_TO_LIVE_ATTRIBUTE, Enabled: true };
  try {
    await client.send(new UpdateTimeToLiveCommand({ TableName: tableName, TimeToLiveSpecification: specification }));
  } catch (error) {
    // An emulator without time-to-live: rows that would expire stay.
    if (!isNamed(error, 'UnknownOperationException')) throw translate(error, 'UpdateTimeToLive', tableName);
  }
}

async function waitForTable(client: DynamoDBClient, tableName: string, maxWaitMs: number): Promise<TableDescription> {
  // The waiter refuses to wait no longer than one of its polls.
  const maxWaitTime = Math.max(maxWaitMs / 1_000, WAIT_POLL_SECONDS + 0.1);
  const pace = { minDelay: FIRST_WAIT_SECONDS, maxDelay: WAIT_POLL_SECONDS };
  try {
    await waitUntilTableExists({ client, maxWaitTime, ...pace }, { TableName: tableName });
  } catch (error) {
    if (!isNamed(error, 'TimeoutError')) throw translate(error, 'DescribeTable', tableName);
  }
  return describeTable(client, tableName);
}

async function findTable(client: DynamoDBClient, tableName: string): Promise<TableDescription | undefined> {
  try {
    return await describeTable(client, tableName);
  } catch (error) {
    if (codeOf(error) === 'TABLE_NOT_FOUND') return undefined;
    throw error;
  }
}

async function describeTable(client: DynamoDBClient, tableName: string): Promise<TableDescription> {
  try {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: tableName }));
    if (Table) return Table;
  } catch (error) {
    throw translate(error, 'DescribeTable', tableName);
  }
  throw new TidemarkError('TABLE_NOT_FOUND', 'DynamoDB describes no table', { context: { table: tableName } });
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}

function translate(error: unknown, operation: string, tableName: string): TidemarkError {
  return translateAwsError(error, { service: 'DynamoDB', operation, context: { table: tableName } });
}

function unusable(tableName: string, what: string, hint?: string): TidemarkError {
  return new TidemarkError('TABLE_UNUSABLE', what, { context: { table: tableName }, hint });
}
