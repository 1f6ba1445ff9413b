import {
  DeleteItemCommand,
  DeleteTableCommand,
  waitUntilTableNotExists,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { checkpointKey, type ShardIdentity } from '../../../src/core/names';

const DELETION_SECONDS = 30;

/** Deletes the checkpoints of these shards, and nothing else. */
export async function deleteRows(
  dynamodb: DynamoDBClient,
  tableName: string,
  shards: readonly ShardIdentity[],
): Promise<void> {
  for (const shard of shards) {
    const command = new DeleteItemCommand({ TableName: tableName, Key: marshall(checkpointKey(shard)) });
    await dynamodb.send(command);
  }
}

export async function deleteTable(dynamodb: DynamoDBClient, tableName: string): Promise<void> {
  await dynamodb.send(new DeleteTableCommand({ TableName: tableName }));
  const limit = { client: dynamodb, maxWaitTime: DELETION_SECONDS, minDelay: 1, maxDelay: 1 };
  await waitUntilTableNotExists(limit, { TableName: tableName });
}

/** Why the point-in-time copy of the table is not among the sources: the local DynamoDB accepts a restore, and the new table is empty. */
export const POINT_IN_TIME = 'not there: emulators of DynamoDB bring no earlier state back';
