import type { AttributeValue, PutItemCommandInput, Update } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';

import { checkpointKey } from '../core/names';
import type { CheckpointWrite } from './checkpoint-store';
import { damagedItem, type PlainItem } from './dynamodb-item-reader';
import { toCheckpointAttributes, type ItemKey } from './dynamodb-items';

/** An item in DynamoDB's own form. */
export type StoredItem = Record<string, AttributeValue>;

/**
 * One conditional update. It sets only Tidemark's own attributes, so that what a newer version or an operator added stays, and is the
 * same bytes whenever the same write is sent again.
 */
export function toCheckpointUpdate(tableName: string, write: CheckpointWrite): Update {
  const attributes = Object.entries(toCheckpointAttributes(write));
  const set = attributes.filter(([, value]) => value !== undefined);
  const removed = attributes.filter(([, value]) => value === undefined).map(([name]) => `#${name}`);
  const assignments = [
    ...set.map(([name]) => `#${name} = :${name}`),
    '#revision = if_not_exists(#revision, :none) + :one',
  ];
  const isCreation = 'absent' in write.condition;
  return {
    TableName: tableName,
    Key: marshall(checkpointKey(write.shard)),
    UpdateExpression: `SET ${assignments.join(', ')}${removed.length > 0 ? ` REMOVE ${removed.join(', ')}` : ''}`,
    ConditionExpression: isCreation ? 'attribute_not_exists(pk)' : '#token = :believedToken',
    ExpressionAttributeNames: Object.fromEntries(
      [...attributes.map(([name]) => name), 'revision'].map((name) => [`#${name}`, name]),
    ),
    ExpressionAttributeValues: toStored({
      ...Object.fromEntries(set.map(([name, value]) => [`:${name}`, value])),
      ':none': 0,
      ':one': 1,
      ...('token' in write.condition ? { ':believedToken': write.condition.token } : {}),
    }),
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  };
}

/** Writes an item only if there is none under its key. */
export function toCreation(tableName: string, item: PlainItem): PutItemCommandInput {
  return {
    TableName: tableName,
    Item: toStored(item),
    ConditionExpression: 'attribute_not_exists(pk)',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  };
}

function toStored(values: PlainItem): StoredItem {
  return marshall(values, { removeUndefinedValues: true });
}

/** @throws `CHECKPOINT_DAMAGED` where a value has no JavaScript form, such as a number of 38 digits. */
export function fromStored(item: StoredItem, key: ItemKey): PlainItem {
  try {
    return unmarshall(item);
  } catch {
    throw damagedItem(key, 'an attribute is of a kind that Tidemark never writes');
  }
}
