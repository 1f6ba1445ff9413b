import { randomUUID } from 'node:crypto';
import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  paginateQuery,
  PutItemCommand,
  type DynamoDBClient,
  type PutItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { translateAwsError } from '../aws/translate-error';
import { TidemarkError } from '../core/errors';
import { restorePointKey, restorePointPrefix, type StreamIncarnation } from '../core/names';
import type { Position } from '../core/positions';
import type { PlainItem } from './dynamodb-item-reader';
import { fromStored } from './dynamodb-requests';
import {
  isExpired,
  isLeftover,
  toIncompletePoints,
  toRestorePointItems,
  toRestorePoints,
  toSeconds,
  type IncompletePoint,
  type ItemsOfPoints,
} from './restore-point-items';
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

/** A position of 128 digits and its shard take 250 bytes at most: far below the 400 KB of an item. */
const SHARDS_PER_ITEM = 1_000;

/** Restore points in the table of the checkpoints, in items of up to 1,000 shards. One that has expired does not exist. */
export class RestorePoints {
  constructor(
    private readonly client: DynamoDBClient,
    private readonly tableName: string,
    private readonly shardsPerItem = SHARDS_PER_ITEM,
  ) {}

  /**
   * The head is written last: without it the point does not exist. It alone decides between two that create the same name.
   * @throws `RESTORE_POINT_EXISTS`
   */
  async create(stream: StreamIncarnation, point: RestorePoint): Promise<void> {
    const headKey = restorePointKey(stream, point.name, 0);
    const found = await this.read(stream, point.name);
    const existing = found.get(headKey.sk);
    if (existing && !isExpired(existing, Date.now())) throw pointExists(point.name);
    const id = randomUUID();
    const { head, parts } = toRestorePointItems(stream, point, id, this.shardsPerItem);
    for (const part of parts) await this.call('PutItem', stream, () => this.client.send(this.put(part)));
    if (await this.writeHead(stream, head, id)) return this.deleteLeftovers(stream, found, headKey.sk);
    for (const { pk, sk } of parts) await this.deleteItem(stream, { pk, sk });
    throw pointExists(point.name);
  }

  /**
   * What was there before under the name: parts that a crash has left, or those of a point that has expired. Not what is there now: another
   * creation may be under way.
   */
  private async deleteLeftovers(stream: StreamIncarnation, found: ItemsOfPoints, headSk: string): Promise<void> {
    const { pk } = restorePointPrefix(stream);
    for (const [sk, item] of found)
      if (sk !== headSk && isLeftover(item, Date.now())) await this.deleteItem(stream, { pk, sk });
  }

  /** Names under which a crash has left parts of a point, or whose point lacks a part. `delete` clears them away. */
  async listIncomplete(stream: StreamIncarnation): Promise<IncompletePoint[]> {
    return toIncompletePoints(stream, await this.read(stream), Date.now());
  }

  /** All points of a consumer, by name. */
  async list(stream: StreamIncarnation): Promise<RestorePoint[]> {
    return toRestorePoints(stream, await this.read(stream), Date.now());
  }

  /** @throws `RESTORE_POINT_NOT_FOUND` */
  async get(stream: StreamIncarnation, name: string): Promise<RestorePoint> {
    const [point] = toRestorePoints(stream, await this.read(stream, name), Date.now());
    if (point) return point;
    throw pointNotFound(name);
  }

  /** Whatever is there under the name: an expired point and what a crash has left of one too. @throws `RESTORE_POINT_NOT_FOUND` */
  async delete(stream: StreamIncarnation, name: string): Promise<void> {
    const { pk, sk: headSk } = restorePointKey(stream, name, 0);
    const sortKeys = [...(await this.read(stream, name)).keys()];
    if (sortKeys.length === 0) throw pointNotFound(name);
    // The head first: a crash leaves no point that lacks parts.
    const ordered = sortKeys.toSorted((a, b) => Number(b === headSk) - Number(a === headSk));
    for (const sk of ordered) await this.deleteItem(stream, { pk, sk });
  }

  /** All items of one name, or of all, by their sort keys. */
  private async read(stream: StreamIncarnation, name?: string): Promise<ItemsOfPoints> {
    const { pk, prefix } = restorePointPrefix(stream, name);
    const query = {
      TableName: this.tableName,
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
      ExpressionAttributeValues: marshall({ ':pk': pk, ':prefix': prefix }),
      ConsistentRead: true,
    };
    const found = new Map<string, PlainItem>();
    await this.call('Query', stream, async () => {
      for await (const { Items = [] } of paginateQuery({ client: this.client }, query))
        for (const item of Items) {
          const sk = item.sk?.S ?? '';
          found.set(sk, fromStored(item, { pk, sk }));
        }
    });
    return found;
  }

  private put(item: PlainItem, condition: Partial<PutItemCommandInput> = {}): PutItemCommand {
    const Item = marshall(item, { removeUndefinedValues: true });
    return new PutItemCommand({ TableName: this.tableName, Item, ...condition });
  }

  /** False if another point has the name. The SDK sends a write again whose reply was lost, and finds its own head then. */
  private async writeHead(stream: StreamIncarnation, head: PlainItem, id: string): Promise<boolean> {
    const command = this.put(head, {
      ConditionExpression: 'attribute_not_exists(pk) OR #expiresAt <= :now',
      ExpressionAttributeNames: { '#expiresAt': TIME_TO_LIVE_ATTRIBUTE },
      ExpressionAttributeValues: marshall({ ':now': toSeconds(Date.now()) }),
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    return this.call('PutItem', stream, async () => {
      try {
        await this.client.send(command);
        return true;
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return error.Item?.id?.S === id;
        throw error;
      }
    });
  }

  private async deleteItem(stream: StreamIncarnation, key: PlainItem): Promise<void> {
    const command = new DeleteItemCommand({ TableName: this.tableName, Key: marshall(key) });
    await this.call('DeleteItem', stream, () => this.client.send(command));
  }

  private async call<T>(
    operation: string,
    { consumer, streamName }: StreamIncarnation,
    send: () => Promise<T>,
  ): Promise<T> {
    try {
      return await send();
    } catch (error) {
      const context = { table: this.tableName, consumer, stream: streamName };
      throw translateAwsError(error, { service: 'DynamoDB', operation, context });
    }
  }
}

function pointExists(name: string): TidemarkError {
  return new TidemarkError('RESTORE_POINT_EXISTS', `There is a restore point ${name} already`);
}

function pointNotFound(name: string): TidemarkError {
  return new TidemarkError('RESTORE_POINT_NOT_FOUND', `There is no restore point ${name}`);
}
