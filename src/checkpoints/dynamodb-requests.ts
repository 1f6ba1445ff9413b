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
  const assignments: string[] = [];
  const removed: string[] = [];
  const names: Record<string, string> = { '#revision': 'revision' };
  const values: Record<string, unknown> = { ':none': 0, ':one': 1 };
  for (const [name, value] of Object.entries(toCheckpointAttributes(write))) {
    names[`#${name}`] = name;
    if (value === undefined) removed.push(`#${name}`);
    else {
      assignments.push(`#${name} = :${name}`);
      values[`:${name}`] = value;
    }
  }
  assignments.push('#revision = if_not_exists(#revision, :none) + :one');
  if ('token' in write.condition) values[':believedToken'] = write.condition.token;
  return {
    TableName: tableName,
    Key: marshall(checkpointKey(write.shard)),
    UpdateExpression: `SET ${assignments.join(', ')}${removed.length > 0 ? ` REMOVE ${removed.join(', ')}` : ''}`,
    ConditionExpression: 'absent' in write.condition ? 'attribute_not_exists(pk)' : '#token = :believedToken',
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: toStored(values),
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
