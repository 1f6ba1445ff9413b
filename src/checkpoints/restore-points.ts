import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  paginateQuery,
  PutItemCommand,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { translateAwsError } from '../aws/translate-error';
import { TidemarkError } from '../core/errors';
import { restorePointKey, restorePointPrefix, type StreamIncarnation } from '../core/names';
import { parsePosition, type Position } from '../core/positions';
import { damagedItem, ItemReader, type PlainItem } from './dynamodb-item-reader';
import { fromStored } from './dynamodb-requests';
import { TIME_TO_LIVE_ATTRIBUTE } from './table';

/** The checkpoints of all shards of a consumer at one time, under a name. Times are epoch milliseconds. */
export interface RestorePoint {
  readonly name: string;
  readonly atMs: number;
  readonly by: string;
  readonly reason?: string;
  /** Kept until then; for ever if undefined. */
  readonly expiresAtMs?: number;
  /** Where each shard stood that was known then. */
  readonly positions: ReadonlyMap<string, Position>;
}

const SCHEMA = 1;
/** A position of 128 digits and its shard take 250 bytes at most: far below the 400 KB of an item. */
const SHARDS_PER_ITEM = 1_000;

/** Restore points in the table of the checkpoints, in items of up to 1,000 shards. */
export class RestorePoints {
  constructor(
    private readonly client: DynamoDBClient,
    private readonly tableName: string,
  ) {}

  /** The first item is written last: without it the point does not exist. @throws `RESTORE_POINT_EXISTS` */
  async create(stream: StreamIncarnation, point: RestorePoint): Promise<void> {
    const positions = [...point.positions];
    const parts = Array.from({ length: Math.max(1, Math.ceil(positions.length / SHARDS_PER_ITEM)) }, (_, part) =>
      positions.slice(part * SHARDS_PER_ITEM, (part + 1) * SHARDS_PER_ITEM),
    );
    for (const [part, some] of [...parts.entries()].toReversed()) {
      const item = { ...restorePointKey(stream, point.name, part), ...toAttributes(point, parts.length, some) };
      const Item = marshall(item, { removeUndefinedValues: true });
      const condition = part === 0 ? { ConditionExpression: 'attribute_not_exists(pk)' } : {};
      await this.call('PutItem', stream, point.name, () =>
        this.client.send(new PutItemCommand({ TableName: this.tableName, Item, ...condition })),
      );
    }
  }

  /** All points of a consumer, by name. */
  async list(stream: StreamIncarnation): Promise<RestorePoint[]> {
    const { pk, prefix } = restorePointPrefix(stream);
    const pages = paginateQuery(
      { client: this.client },
      {
        TableName: this.tableName,
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
        ExpressionAttributeValues: marshall({ ':pk': pk, ':prefix': prefix }),
        ConsistentRead: true,
      },
    );
    const found = new Map<string, RestorePoint>();
    await this.call('Query', stream, '', async () => {
      for await (const { Items = [] } of pages)
        for (const item of Items) {
          const key = { pk, sk: item.sk?.S ?? '' };
          const part = fromAttributes(fromStored(item, key), key);
          const before = found.get(part.name)?.positions ?? new Map<string, Position>();
          found.set(part.name, { ...part, positions: new Map([...before, ...part.positions]) });
        }
    });
    return [...found.values()].filter(({ expiresAtMs = Infinity }) => expiresAtMs > Date.now());
  }

  /** @throws `RESTORE_POINT_NOT_FOUND` */
  async get(stream: StreamIncarnation, name: string): Promise<RestorePoint> {
    const point = (await this.list(stream)).find((candidate) => candidate.name === name);
    if (point) return point;
    throw new TidemarkError('RESTORE_POINT_NOT_FOUND', `There is no restore point ${name}`);
  }

  async delete(stream: StreamIncarnation, name: string): Promise<void> {
    const { positions } = await this.get(stream, name);
    const parts = Math.max(1, Math.ceil(positions.size / SHARDS_PER_ITEM));
    for (let part = 0; part < parts; part += 1) {
      const Key = marshall(restorePointKey(stream, name, part));
      await this.call('DeleteItem', stream, name, () =>
        this.client.send(new DeleteItemCommand({ TableName: this.tableName, Key })),
      );
    }
  }

  private async call<T>(
    operation: string,
    { consumer, streamName }: StreamIncarnation,
    name: string,
    send: () => Promise<T>,
  ): Promise<T> {
    try {
      return await send();
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException)
        throw new TidemarkError('RESTORE_POINT_EXISTS', `There is a restore point ${name} already`);
      const context = { table: this.tableName, consumer, stream: streamName };
      throw translateAwsError(error, { service: 'DynamoDB', operation, context });
    }
  }
}

function toAttributes(
  { name, atMs, by, reason, expiresAtMs }: RestorePoint,
  parts: number,
  positions: readonly (readonly [string, Position])[],
): PlainItem {
  return {
    schema: SCHEMA,
    name,
    at: new Date(atMs).toISOString(),
    by,
    reason,
    parts,
    positions: Object.fromEntries(positions),
    [TIME_TO_LIVE_ATTRIBUTE]: expiresAtMs === undefined ? undefined : Math.ceil(expiresAtMs / 1_000),
  };
}

function fromAttributes(item: PlainItem, key: { readonly pk: string; readonly sk: string }): RestorePoint {
  const reader = new ItemReader(item, key);
  reader.expectSchema(SCHEMA);
  const reason = reader.optionalText('reason');
  const expiresAt = reader.optionalNumber(TIME_TO_LIVE_ATTRIBUTE);
  const positions = Object.entries(item.positions ?? {}).map(([shardId, value]) => {
    const position = parsePosition(value);
    if (position === undefined) throw damagedItem(key, `the position of ${shardId} is none`);
    return [shardId, position] as const;
  });
  return {
    name: reader.text('name'),
    atMs: reader.timeMs('at'),
    by: reader.text('by'),
    ...(reason === undefined ? {} : { reason }),
    ...(expiresAt === undefined ? {} : { expiresAtMs: expiresAt * 1_000 }),
    positions: new Map(positions),
  };
}
