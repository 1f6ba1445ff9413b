import type { QueryCommandInput } from '@aws-sdk/client-dynamodb';

import { TIME_TO_LIVE_ATTRIBUTE } from '../checkpoints/table';
import { checkpointKey, DEAD_LETTER_PREFIX, deadLetterSortKey, type ShardIdentity } from '../core/names';
import type { DeadLetterFilter, DeadLetterPosition } from './dead-letter-store';
import { toStored } from './letter-items';

/** Everything of a head but its payload. */
const HEAD_ATTRIBUTES = [
  'sk',
  'schema',
  'timestamp',
  'requestContext',
  'KinesisBatchInfo',
  'subSequenceNumber',
  'partitionKey',
  'explicitHashKey',
  'bytes',
  'status',
  'errors',
  'decidedBy',
  'reason',
  'decidedAt',
  'redriveId',
  'letterVersion',
  TIME_TO_LIVE_ATTRIBUTE,
];
const COUNTED_ATTRIBUTES = ['status', 'errorCode'];

/** A key is a prefix of whatever comes right behind it; `$` follows the `#` that ends the prefix. */
const BEHIND = '!';
const END = `${DEAD_LETTER_PREFIX.slice(0, -1)}$`;

export interface LetterRange {
  readonly shard: ShardIdentity;
  readonly filter: DeadLetterFilter;
  readonly after?: DeadLetterPosition;
  readonly read: 'heads' | 'counts';
}

/** The query for letters of a shard in the order of their records. */
export function toLetterQuery(tableName: string, { shard, filter, after, read }: LetterRange): QueryCommandInput {
  const conditions = filterConditions(filter);
  const attributes = read === 'heads' ? HEAD_ATTRIBUTES : COUNTED_ATTRIBUTES;
  const from = after === undefined ? DEAD_LETTER_PREFIX : behind(after);
  const used = [...attributes, ...conditions.map(({ name }) => name)];
  return {
    TableName: tableName,
    KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
    ProjectionExpression: attributes.map((name) => `#${name}`).join(', '),
    ...(conditions.length === 0
      ? {}
      : { FilterExpression: conditions.map(({ expression }) => expression).join(' AND ') }),
    ExpressionAttributeNames: Object.fromEntries(used.map((name) => [`#${name}`, name])),
    ExpressionAttributeValues: toStored({
      ':pk': checkpointKey(shard).pk,
      ':from': from,
      ':to': END,
      ...Object.fromEntries(conditions.flatMap(({ values }) => Object.entries(values))),
    }),
    ConsistentRead: true,
  };
}

function behind({ sequenceNumber, subSequenceNumber }: DeadLetterPosition): string {
  return `${deadLetterSortKey(sequenceNumber, subSequenceNumber)}${BEHIND}`;
}

interface Condition {
  readonly name: string;
  readonly expression: string;
  readonly values: Readonly<Record<string, string>>;
}

/** Times are stored as ISO 8601 in UTC, which sorts as text. */
function filterConditions({ status, code, fromMs, toMs }: DeadLetterFilter): Condition[] {
  const compare = (name: string, operator: string, value: string | undefined, as: string): Condition[] =>
    value === undefined ? [] : [{ name, expression: `#${name} ${operator} ${as}`, values: { [as]: value } }];
  return [
    ...compare('status', '=', status, ':status'),
    ...compare('errorCode', '=', code, ':errorCode'),
    ...compare('timestamp', '>=', isoOf(fromMs), ':fromTime'),
    ...compare('timestamp', '<=', isoOf(toMs), ':toTime'),
  ];
}

function isoOf(timeMs: number | undefined): string | undefined {
  return timeMs === undefined ? undefined : new Date(timeMs).toISOString();
}
