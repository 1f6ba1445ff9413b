import {
  ConditionalCheckFailedException,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
  type DynamoDBClient,
  type TransactWriteItem,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';

import { translateAwsError } from '../aws/translate-error';
import type { ItemKey } from '../checkpoints/dynamodb-items';
import type { PlainItem } from '../checkpoints/dynamodb-item-reader';
import { fromStored, type StoredItem } from '../checkpoints/dynamodb-requests';
import { writeTransaction } from '../checkpoints/dynamodb-transaction';
import { checkTransaction } from '../checkpoints/transaction-limits';
import type { DeadLetter, DeadLetterHead, DeadLetterKey } from '../core/dead-letter';
import { TidemarkError } from '../core/errors';
import { mapConcurrently } from '../core/map-concurrently';
import { checkpointKey, type ShardIdentity } from '../core/names';
import { LetterCounter } from './letter-counter';
import type {
  DeadLetterCounts,
  DeadLetterFilter,
  DeadLetterPage,
  DeadLetterQuery,
  DeadLetterStore,
  LetterMark,
  MarkAllAnswer,
  MarkAnswer,
} from './dead-letter-store';
import { letterKey, partKey, toLetterItems } from './letter-items';
import { markedLetter, MARK_ID_ATTRIBUTE, toMarkUpdate } from './letter-mark';
import { toLetterQuery, type LetterRange } from './letter-query';
import { fromHeadItem } from './letter-reader';
import { joinParts, payloadOf } from './payload';

const PARTS_AT_A_TIME = 4;

/** Dead letters in the DynamoDB table of the checkpoints. All reads are consistent; every change has a condition. */
export class DynamodbDeadLetterStore implements DeadLetterStore {
  constructor(
    private readonly client: DynamoDBClient,
    private readonly tableName: string,
  ) {}

  async putParts(letter: DeadLetter): Promise<void> {
    const { parts } = toLetterItems(letter, this.tableName);
    await mapConcurrently(parts, PARTS_AT_A_TIME, (part) =>
      this.call('PutItem', letter.shard, () => this.client.send(new PutItemCommand(part))),
    );
  }

  headItem(letter: DeadLetter): TransactWriteItem {
    return toLetterItems(letter, this.tableName).head;
  }

  async list(shard: ShardIdentity, { limit, after, ...filter }: DeadLetterQuery): Promise<DeadLetterPage> {
    const letters: DeadLetterHead[] = [];
    for await (const item of this.items({ shard, filter, after, read: 'heads' })) {
      // One more than asked for: it tells whether anything follows.
      if (letters.length === limit) return { letters, after: positionOf(letters.at(-1)) };
      const key = { pk: checkpointKey(shard).pk, sk: item.sk?.S ?? '' };
      letters.push(fromHeadItem(fromStored(item, key), shard, key));
    }
    return { letters };
  }

  async count(shard: ShardIdentity, filter: DeadLetterFilter): Promise<DeadLetterCounts> {
    const counter = new LetterCounter();
    for await (const item of this.items({ shard, filter, read: 'counts' })) counter.add(item);
    return counter.counts();
  }

  async get(key: DeadLetterKey): Promise<DeadLetter | undefined> {
    const item = await this.readItem(letterKey(key), key.shard);
    if (item === undefined) return undefined;
    const head = fromHeadItem(item, key.shard, letterKey(key));
    const payload = payloadOf(item, letterKey(key));
    if ('data' in payload) return { ...head, data: payload.data };
    const parts = await mapConcurrently([...Array(payload.parts).keys()], PARTS_AT_A_TIME, (part) =>
      this.readItem(partKey(head, part), key.shard),
    );
    return { ...head, data: joinParts(head, parts) };
  }

  async mark(mark: LetterMark): Promise<MarkAnswer> {
    const { letter } = mark;
    const command = new UpdateItemCommand(toMarkUpdate(this.tableName, mark));
    const refused = await this.call('UpdateItem', letter.shard, () => refusalOf(this.client.send(command)));
    if (refused === undefined) return { kind: 'marked', letter: markedLetter(mark) };
    const item = await this.refusingItem(refused, letter);
    if (item === undefined) return { kind: 'conflict' };
    const found = fromHeadItem(item, letter.shard, letterKey(letter));
    return { kind: isOwn(item, mark) ? 'marked' : 'conflict', letter: found };
  }

  markItem(mark: LetterMark): TransactWriteItem {
    return { Update: toMarkUpdate(this.tableName, mark) };
  }

  async markAll(marks: readonly LetterMark[], effects: readonly TransactWriteItem[]): Promise<MarkAllAnswer> {
    const [first, ...others] = marks;
    if (first === undefined) throw new TidemarkError('INTERNAL', 'A transaction of no letters');
    const items = [...others.map((mark) => this.markItem(mark)), ...effects];
    const problem = checkTransaction(items);
    if (problem) return problem;
    const answer = await this.call('TransactWriteItems', first.letter.shard, () =>
      writeTransaction(this.client, toMarkUpdate(this.tableName, first), items, first.change.id),
    );
    if ('kind' in answer) return answer;
    if (answer.written) return { kind: 'marked' };
    const item = await this.refusingItem(answer, first.letter);
    return { kind: item !== undefined && isOwn(item, first) ? 'marked' : 'conflict' };
  }

  /** Some endpoints (dynalite) do not return the item that refused a write: then it is read. */
  private async refusingItem(
    { item }: { readonly item?: StoredItem },
    letter: DeadLetterHead,
  ): Promise<PlainItem | undefined> {
    return item ? fromStored(item, letterKey(letter)) : this.readItem(letterKey(letter), letter.shard);
  }

  private async *items(range: LetterRange): AsyncGenerator<StoredItem> {
    const query = toLetterQuery(this.tableName, range);
    let ExclusiveStartKey: StoredItem | undefined;
    do {
      const command = new QueryCommand({ ...query, ExclusiveStartKey });
      const page = await this.call('Query', range.shard, () => this.client.send(command));
      yield* page.Items ?? [];
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey !== undefined);
  }

  private async readItem(key: ItemKey, shard: ShardIdentity): Promise<PlainItem | undefined> {
    const command = new GetItemCommand({ TableName: this.tableName, Key: marshall(key), ConsistentRead: true });
    const { Item } = await this.call('GetItem', shard, () => this.client.send(command));
    return Item && fromStored(Item, key);
  }

  private async call<T>(operation: string, shard: ShardIdentity, send: () => Promise<T>): Promise<T> {
    try {
      return await send();
    } catch (error) {
      const { consumer, streamName: stream, shardId } = shard;
      const context = { table: this.tableName, consumer, stream, shard: shardId };
      throw translateAwsError(error, { service: 'DynamoDB', operation, context });
    }
  }
}

/** Undefined if the write was made. */
async function refusalOf(write: Promise<unknown>): Promise<{ item?: StoredItem } | undefined> {
  try {
    await write;
    return undefined;
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    return error.Item ? { item: error.Item } : {};
  }
}

function isOwn(item: PlainItem, { change }: LetterMark): boolean {
  return item[MARK_ID_ATTRIBUTE] === change.id;
}

function positionOf(letter: DeadLetterHead | undefined): DeadLetterPage['after'] {
  return letter && { sequenceNumber: letter.sequenceNumber, subSequenceNumber: letter.subSequenceNumber };
}
