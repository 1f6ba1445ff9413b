import {
  ConditionalCheckFailedException,
  GetItemCommand,
  paginateQuery,
  PutItemCommand,
  UpdateItemCommand,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';

import { ShortCalls } from '../aws/short-calls';
import { translateAwsError } from '../aws/translate-error';
import type { CheckpointRow } from '../core/checkpoint';
import { TidemarkError } from '../core/errors';
import { mapConcurrently } from '../core/map-concurrently';
import {
  checkpointKey,
  consumerPartition,
  knownShardPrefix,
  registrationKey,
  type ShardIdentity,
  type StreamIncarnation,
} from '../core/names';
import type {
  CheckpointStore,
  CheckpointWrite,
  Effect,
  EffectsRefused,
  KnownShard,
  Registration,
  WriteAnswer,
} from './checkpoint-store';
import { readItems } from './dynamodb-batch-read';
import {
  fromCheckpointItem,
  fromKnownShardItem,
  fromRegistrationItem,
  toKnownShardItem,
  toRegistrationItem,
  type ItemKey,
} from './dynamodb-items';
import type { PlainItem } from './dynamodb-item-reader';
import { fromStored, toCheckpointUpdate, toCreation, type StoredItem } from './dynamodb-requests';
import { writeAlone, writeTransaction, type Conditional } from './dynamodb-transaction';
import { UpdateCall } from './update-call';

/** Creations under way at once: they cannot be batched, because a batch write has no conditions. */
const CREATION_CONCURRENCY = 16;

/** Checkpoints in a DynamoDB table. All reads are consistent; every write has a condition. */
export class DynamodbCheckpointStore implements CheckpointStore {
  private readonly updates: ShortCalls;

  constructor(
    private readonly client: DynamoDBClient,
    private readonly tableName: string,
  ) {
    this.updates = new ShortCalls(client);
  }

  async read(shard: ShardIdentity): Promise<CheckpointRow | undefined> {
    const item = await this.readItem(checkpointKey(shard), contextOfShard(shard));
    return item && fromCheckpointItem(item, shard);
  }

  async write(write: CheckpointWrite): Promise<WriteAnswer> {
    const { shard, effects = [] } = write;
    const context = contextOfShard(shard);
    const update = toCheckpointUpdate(this.tableName, write);
    const answer =
      effects.length === 0
        ? await this.conditionally('UpdateItem', context, () => this.updates.send(new UpdateCall(update)))
        : await this.call('TransactWriteItems', context, () =>
            writeTransaction(this.client, update, effects, write.next.token),
          );
    if ('kind' in answer) return answer;
    if (answer.written) return { kind: 'written' };
    const item = await this.refusingItem(answer, checkpointKey(shard), context);
    return item === undefined ? { kind: 'refused' } : { kind: 'refused', row: fromCheckpointItem(item, shard) };
  }

  async writeEffects(effects: readonly Effect[], id: string): Promise<EffectsRefused | undefined> {
    return this.call('TransactWriteItems', {}, () => writeAlone(this.client, effects, id));
  }

  async readMany(shards: readonly ShardIdentity[]): Promise<(CheckpointRow | undefined)[]> {
    const keys = shards.map(checkpointKey);
    const items = await this.call('BatchGetItem', {}, () => readItems(this.client, this.tableName, keys));
    return shards.map((shard) => {
      const key = checkpointKey(shard);
      const item = items.get(key.pk);
      return item && fromCheckpointItem(fromStored(item, key), shard);
    });
  }

  async register(stream: StreamIncarnation, registration: Registration): Promise<Registration> {
    const context = contextOfStream(stream);
    const answer = await this.create(toRegistrationItem(stream, registration), context);
    if (answer.written) return registration;
    const item = await this.refusingItem(answer, registrationKey(stream), context);
    if (item === undefined)
      throw new TidemarkError('DYNAMODB_UNAVAILABLE', 'A registration was deleted as it was read', { context });
    return fromRegistrationItem(item, stream);
  }

  async findRegistration(stream: StreamIncarnation): Promise<Registration | undefined> {
    const item = await this.readItem(registrationKey(stream), contextOfStream(stream));
    return item && fromRegistrationItem(item, stream);
  }

  async markInitialShardsRecorded(stream: StreamIncarnation): Promise<void> {
    const command = new UpdateItemCommand({
      TableName: this.tableName,
      Key: marshall(registrationKey(stream)),
      UpdateExpression: 'SET initialShardsRecorded = :true',
      ConditionExpression: 'attribute_exists(pk)',
      ExpressionAttributeValues: { ':true': { BOOL: true } },
    });
    await this.conditionally('UpdateItem', contextOfStream(stream), () => this.client.send(command));
  }

  async recordShards(stream: StreamIncarnation, shards: readonly KnownShard[]): Promise<void> {
    await mapConcurrently(shards, CREATION_CONCURRENCY, (shard) =>
      this.create(toKnownShardItem(stream, shard), contextOfShard({ ...stream, shardId: shard.shardId })),
    );
  }

  async listKnownShards(stream: StreamIncarnation): Promise<KnownShard[]> {
    const pages = paginateQuery(
      { client: this.client },
      {
        TableName: this.tableName,
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
        ExpressionAttributeValues: marshall({ ':pk': consumerPartition(stream), ':prefix': knownShardPrefix(stream) }),
        ConsistentRead: true,
      },
    );
    const items = await this.call('Query', contextOfStream(stream), async () => {
      const found: StoredItem[] = [];
      for await (const page of pages) found.push(...(page.Items ?? []));
      return found;
    });
    return items.map((item) => {
      const key = { pk: item.pk?.S ?? '', sk: item.sk?.S ?? '' };
      return fromKnownShardItem(fromStored(item, key), key);
    });
  }

  private async readItem(key: ItemKey, context: Context): Promise<PlainItem | undefined> {
    const command = new GetItemCommand({ TableName: this.tableName, Key: marshall(key), ConsistentRead: true });
    const { Item } = await this.call('GetItem', context, () => this.client.send(command));
    return Item && fromStored(Item, key);
  }

  private create(item: PlainItem, context: Context): Promise<Conditional> {
    const command = new PutItemCommand(toCreation(this.tableName, item));
    return this.conditionally('PutItem', context, () => this.client.send(command));
  }

  /** Some endpoints (dynalite) do not return the item that refused a write: then it is read, to tell "another row" from "no row". */
  private async refusingItem(
    answer: Conditional & { written: false },
    key: ItemKey,
    context: Context,
  ): Promise<PlainItem | undefined> {
    return answer.item ? fromStored(answer.item, key) : this.readItem(key, context);
  }

  private async conditionally(operation: string, context: Context, send: () => Promise<unknown>): Promise<Conditional> {
    return this.call(operation, context, async () => {
      try {
        await send();
        return { written: true };
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        return { written: false, item: error.Item };
      }
    });
  }

  private async call<T>(operation: string, context: Context, send: () => Promise<T>): Promise<T> {
    try {
      return await send();
    } catch (error) {
      throw translateAwsError(error, {
        service: 'DynamoDB',
        operation,
        context: { table: this.tableName, ...context },
      });
    }
  }
}

type Context = Readonly<Record<string, string>>;

function contextOfStream({ consumer, streamName }: StreamIncarnation): Context {
  return { consumer, stream: streamName };
}

function contextOfShard(shard: ShardIdentity): Context {
  return { ...contextOfStream(shard), shard: shard.shardId };
}
