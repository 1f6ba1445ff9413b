import { ConditionalCheckFailedException, PutItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';

import { translateAwsError } from '../aws/translate-error';
import type { DeadLetter } from '../core/dead-letter';
import { toLetterItems } from './letter-items';

/** Writes a letter from a backup where there is none under its key; false if there is one. Can be repeated. */
export async function restoreLetter(client: DynamoDBClient, tableName: string, letter: DeadLetter): Promise<boolean> {
  const { parts, head } = toLetterItems(letter, tableName);
  const ifAbsent = { ConditionExpression: 'attribute_not_exists(pk)' };
  const put = async (input: { TableName?: string; Item?: PutItemCommand['input']['Item'] }): Promise<boolean> => {
    try {
      await client.send(new PutItemCommand({ TableName: tableName, Item: input.Item, ...ifAbsent }));
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      const context = { table: tableName, shard: letter.shard.shardId };
      throw translateAwsError(error, { service: 'DynamoDB', operation: 'PutItem', context });
    }
  };
  // A letter exists if, and only if, its head does: the parts come before it.
  for (const part of parts) await put(part);
  return put({ Item: head.Put?.Item });
}
