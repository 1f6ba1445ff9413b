import {
  ConditionalCheckFailedException,
  paginateQuery,
  PutItemCommand,
  type AttributeValue,
  type DynamoDBClient,
  type PutItemCommandInput,
  type QueryCommandOutput,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { translateAwsError } from '../aws/translate-error';
import type { HistoryEntry } from '../core/history';
import { checkpointKey, historySortKey, type ShardIdentity } from '../core/names';
import type { ShardEvent } from '../core/shard-work';
import type { CheckpointHistory, HistoryQuery } from './checkpoint-history';
import { ItemReader, type PlainItem } from './dynamodb-item-reader';
import { fromStored } from './dynamodb-requests';
import { TIME_TO_LIVE_ATTRIBUTE } from './table';

/** Version of the attributes of an entry. */
const HISTORY_SCHEMA = 1;

/** History of checkpoints as items beside them. */
export class DynamodbCheckpointHistory implements CheckpointHistory {
  constructor(
    private readonly client: DynamoDBClient,
    private readonly tableName: string,
  ) {}

  async append(shard: ShardIdentity, entry: HistoryEntry, ttlMs: number): Promise<void> {
    const command = this.put(shard, entry, ttlMs);
    await this.call('PutItem', shard, () => this.client.send(command));
  }

  async restore(shard: ShardIdentity, entry: HistoryEntry, ttlMs: number): Promise<boolean> {
    const command = this.put(shard, entry, ttlMs, { ConditionExpression: 'attribute_not_exists(pk)' });
    return this.call('PutItem', shard, async () => {
      try {
        await this.client.send(command);
        return true;
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return false;
        throw error;
      }
    });
  }

  async *pages(shard: ShardIdentity): AsyncGenerator<readonly HistoryEntry[]> {
    const { pk } = checkpointKey(shard);
    const pages = this.query(pk, { fromMs: 0, toMs: MAX_TIME_MS, ScanIndexForward: true })[Symbol.asyncIterator]();
    for (;;) {
      const page = await this.call('Query', shard, () => pages.next());
      if (page.done) return;
      yield (page.value.Items ?? []).map((item) => toEntry(pk, item));
    }
  }

  async list(
    shard: ShardIdentity,
    { fromMs = 0, toMs = MAX_TIME_MS, limit }: HistoryQuery = {},
  ): Promise<HistoryEntry[]> {
    const { pk } = checkpointKey(shard);
    const bounds = { fromMs, toMs, ScanIndexForward: false, ...(limit === undefined ? {} : { Limit: limit }) };
    const entries: HistoryEntry[] = [];
    await this.call('Query', shard, async () => {
      for await (const { Items = [] } of this.query(pk, bounds)) {
        entries.push(...Items.map((item) => toEntry(pk, item)));
        if (limit !== undefined && entries.length >= limit) break;
      }
    });
    return (limit === undefined ? entries : entries.slice(0, limit)).toReversed();
  }

  private put(
    shard: ShardIdentity,
    entry: HistoryEntry,
    ttlMs: number,
    condition: Partial<PutItemCommandInput> = {},
  ): PutItemCommand {
    const key = { pk: checkpointKey(shard).pk, sk: historySortKey(entry.atMs, entry.id) };
    const Item = marshall({ ...key, ...toAttributes(entry, ttlMs) }, { removeUndefinedValues: true });
    return new PutItemCommand({ TableName: this.tableName, Item, ...condition });
  }

  private query(pk: string, { fromMs, toMs, ...input }: Bounds): AsyncIterable<QueryCommandOutput> {
    const query = {
      TableName: this.tableName,
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
      ExpressionAttributeValues: marshall({
        ':pk': pk,
        ':from': historySortKey(fromMs, ''),
        ':to': historySortKey(toMs, '\uffff'),
      }),
      ...input,
    };
    return paginateQuery({ client: this.client }, query);
  }

  private async call<T>(
    operation: string,
    { consumer, streamName, shardId }: ShardIdentity,
    send: () => Promise<T>,
  ): Promise<T> {
    try {
      return await send();
    } catch (error) {
      const context = { table: this.tableName, consumer, stream: streamName, shard: shardId };
      throw translateAwsError(error, { service: 'DynamoDB', operation, context });
    }
  }
}

interface Bounds {
  readonly fromMs: number;
  readonly toMs: number;
  readonly ScanIndexForward: boolean;
  readonly Limit?: number;
}

function toEntry(pk: string, item: Record<string, AttributeValue>): HistoryEntry {
  const key = { pk, sk: item.sk?.S ?? '' };
  return fromAttributes(fromStored(item, key), key);
}

/** Largest time that a Date holds. */
const MAX_TIME_MS = 8.64e15;

function toAttributes(entry: HistoryEntry, ttlMs: number): PlainItem {
  const { atMs, lastArrivalMs, id: _id, events, ...same } = entry;
  return {
    schema: HISTORY_SCHEMA,
    ...same,
    at: new Date(atMs).toISOString(),
    lastArrivalAt: lastArrivalMs === undefined ? undefined : new Date(lastArrivalMs).toISOString(),
    // Their shape is that of Temporal's history, not of this table.
    events: events.length === 0 ? undefined : JSON.stringify(events),
    [TIME_TO_LIVE_ATTRIBUTE]: Math.ceil((atMs + ttlMs) / 1_000),
  };
}

function fromAttributes(item: PlainItem, key: { readonly pk: string; readonly sk: string }): HistoryEntry {
  const reader = new ItemReader(item, key);
  const events = reader.optionalText('events');
  const count = (name: string): number | undefined => reader.optionalNumber(name);
  const move = item.move as HistoryEntry['move'];
  return {
    id: key.sk.slice(key.sk.lastIndexOf('#') + 1),
    atMs: reader.timeMs('at'),
    kind: reader.text('kind') === 'move' ? 'move' : 'read',
    from: reader.position('from'),
    to: reader.position('to'),
    generation: reader.count('generation'),
    records: reader.count('records'),
    batches: reader.count('batches'),
    ...withoutUndefined({ filtered: count('filtered'), deadLettered: count('deadLettered'), move }),
    totalRecords: reader.count('totalRecords'),
    ...withoutUndefined({ lastArrivalMs: reader.optionalTimeMs('lastArrivalAt') }),
    worker: reader.text('worker'),
    runId: reader.text('runId'),
    attempt: reader.count('attempt'),
    ...(item.isAfterLoss === true ? { isAfterLoss: true } : {}),
    events: events === undefined ? [] : (JSON.parse(events) as ShardEvent[]),
  };
}

function withoutUndefined<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}
