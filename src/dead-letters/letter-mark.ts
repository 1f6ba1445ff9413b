import type { Update } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';

import type { PlainItem } from '../checkpoints/dynamodb-item-reader';
import type { DeadLetterHead } from '../core/dead-letter';
import type { LetterMark } from './dead-letter-store';
import { changingAttributes, letterKey, toStored } from './letter-items';

/** Attribute that holds the id of the last change. */
export const MARK_ID_ATTRIBUTE = 'markId';

/** The letter as it is once the change is written. */
export function markedLetter({ letter, change }: LetterMark): DeadLetterHead {
  const { decidedBy: _by, reason: _reason, redriveId: _redriveId, ...kept } = letter;
  const { status, decidedBy, reason, redriveId, atMs, addError } = change;
  return {
    ...kept,
    status,
    errors: addError === undefined ? letter.errors : [...letter.errors, addError],
    ...(decidedBy === undefined ? {} : { decidedBy }),
    ...(reason === undefined ? {} : { reason }),
    ...(redriveId === undefined ? {} : { redriveId }),
    decidedAtMs: atMs,
    version: letter.version + 1,
  };
}

/** One conditional update of top-level attributes, each `#name = :name`. The same mark gives the same bytes. */
export function toMarkUpdate(tableName: string, mark: LetterMark): Update {
  const attributes: PlainItem = { ...changingAttributes(markedLetter(mark)), [MARK_ID_ATTRIBUTE]: mark.change.id };
  const names = Object.keys(attributes);
  const set = names.filter((name) => attributes[name] !== undefined);
  const removed = names.filter((name) => attributes[name] === undefined);
  const remove = removed.length === 0 ? '' : ` REMOVE ${removed.map((name) => `#${name}`).join(', ')}`;
  return {
    TableName: tableName,
    Key: marshall(letterKey(mark.letter)),
    UpdateExpression: `SET ${set.map((name) => `#${name} = :${name}`).join(', ')}${remove}`,
    ConditionExpression: '#letterVersion = :believed',
    ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
    ExpressionAttributeValues: toStored({
      ...Object.fromEntries(set.map((name) => [`:${name}`, attributes[name]])),
      ':believed': mark.letter.version,
    }),
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  };
}
