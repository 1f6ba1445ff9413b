import type { TransactWriteItem, Update } from '@aws-sdk/client-dynamodb';

import type { ItemKey } from '../checkpoints/dynamodb-items';
import { fromStored, type StoredItem } from '../checkpoints/dynamodb-requests';
import type { DeadLetter, DeadLetterHead, DeadLetterKey } from '../core/dead-letter';
import { mapConcurrently } from '../core/map-concurrently';
import { checkpointKey, DEAD_LETTER_PREFIX, deadLetterSortKey, type ShardIdentity } from '../core/names';
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
import { LetterCounter } from './letter-counter';
import { letterKey, partKey, toLetterItems } from './letter-items';
import { MARK_ID_ATTRIBUTE, markedLetter, toMarkUpdate } from './letter-mark';
import { fromHeadItem } from './letter-reader';
import { joinParts, payloadOf } from './payload';

/** Name of the table that the letters of a `MemoryDeadLetterStore` are in. */
export const MEMORY_TABLE = 'memory';

/** Dead letters in memory, with the items and conditions of the DynamoDB store. For tests and for trying a handler out. */
export class MemoryDeadLetterStore implements DeadLetterStore {
  /** Items by partition and sort key, open to tests that damage or delete them. */
  readonly items = new Map<string, Map<string, StoredItem>>();
  /** Effects on other tables, in the order of their transactions. */
  readonly effects: TransactWriteItem[] = [];

  async putParts(letter: DeadLetter): Promise<void> {
    for (const { Item } of toLetterItems(letter, MEMORY_TABLE).parts) this.put(Item ?? {});
  }

  headItem(letter: DeadLetter): TransactWriteItem {
    return toLetterItems(letter, MEMORY_TABLE).head;
  }

  /**
   * Writes what a transaction holds, all or nothing. For a checkpoint store in memory, whose commits bring letters with them.
   * @returns false if one of the letters' conditions does not hold
   */
  apply(items: readonly TransactWriteItem[]): boolean {
    const updates = items.flatMap(({ Update: update }) => (update?.TableName === MEMORY_TABLE ? [update] : []));
    if (!updates.every((update) => this.holds(update))) return false;
    for (const update of updates) this.update(update);
    for (const item of items) {
      if (item.Put?.TableName === MEMORY_TABLE) this.put(item.Put.Item ?? {});
      else if (item.Update?.TableName !== MEMORY_TABLE) this.effects.push(item);
    }
    return true;
  }

  async list(shard: ShardIdentity, { limit, after, ...filter }: DeadLetterQuery): Promise<DeadLetterPage> {
    const behind = after && deadLetterSortKey(after.sequenceNumber, after.subSequenceNumber);
    const found = this.heads(shard, filter).filter(([sk]) => behind === undefined || sk > behind);
    const letters = found.slice(0, limit).map(([sk, item]) => this.head(item, shard, sk));
    const { sequenceNumber = '', subSequenceNumber } = letters.at(-1) ?? {};
    return found.length > limit ? { letters, after: { sequenceNumber, subSequenceNumber } } : { letters };
  }

  async count(shard: ShardIdentity, filter: DeadLetterFilter): Promise<DeadLetterCounts> {
    const counter = new LetterCounter();
    for (const [, item] of this.heads(shard, filter)) counter.add(item);
    return counter.counts();
  }

  async get(key: DeadLetterKey): Promise<DeadLetter | undefined> {
    const itemKey = letterKey(key);
    const item = this.find(itemKey);
    if (item === undefined) return undefined;
    const head = this.head(item, key.shard, itemKey.sk);
    const payload = payloadOf(fromStored(item, itemKey), itemKey);
    if ('data' in payload) return { ...head, data: payload.data };
    const parts = await mapConcurrently([...Array(payload.parts).keys()], 1, async (part) => {
      const stored = this.find(partKey(key, part));
      return stored && fromStored(stored, partKey(key, part));
    });
    return { ...head, data: joinParts(head, parts) };
  }

  async mark(mark: LetterMark): Promise<MarkAnswer> {
    if (this.apply([this.markItem(mark)])) return { kind: 'marked', letter: markedLetter(mark) };
    const item = this.find(letterKey(mark.letter));
    if (item === undefined) return { kind: 'conflict' };
    const letter = this.head(item, mark.letter.shard, letterKey(mark.letter).sk);
    return { kind: isOwn(item, mark) ? 'marked' : 'conflict', letter };
  }

  markItem(mark: LetterMark): TransactWriteItem {
    return { Update: toMarkUpdate(MEMORY_TABLE, mark) };
  }

  async markAll(marks: readonly LetterMark[], effects: readonly TransactWriteItem[]): Promise<MarkAllAnswer> {
    if (this.apply([...marks.map((mark) => this.markItem(mark)), ...effects])) return { kind: 'marked' };
    const isLostReply = marks.every((mark) => isOwn(this.find(letterKey(mark.letter)), mark));
    return { kind: isLostReply ? 'marked' : 'conflict' };
  }

  private heads(shard: ShardIdentity, filter: DeadLetterFilter): [string, StoredItem][] {
    const items = [...(this.items.get(checkpointKey(shard).pk) ?? [])];
    const letters = items.filter(([sk, item]) => sk.startsWith(DEAD_LETTER_PREFIX) && isWanted(item, filter));
    return letters.sort(([a], [b]) => (a < b ? -1 : 1));
  }

  private head(item: StoredItem, shard: ShardIdentity, sk: string): DeadLetterHead {
    const key = { pk: checkpointKey(shard).pk, sk };
    return fromHeadItem(fromStored(item, key), shard, key);
  }

  private find({ pk, sk }: ItemKey): StoredItem | undefined {
    return this.items.get(pk)?.get(sk);
  }

  private put(item: StoredItem): void {
    const pk = item.pk?.S ?? '';
    const partition = this.items.get(pk) ?? new Map<string, StoredItem>();
    partition.set(item.sk?.S ?? '', item);
    this.items.set(pk, partition);
  }

  private holds({ Key = {}, ExpressionAttributeValues: values = {} }: Update): boolean {
    const item = this.find({ pk: Key.pk?.S ?? '', sk: Key.sk?.S ?? '' });
    return item !== undefined && item.letterVersion?.N === values[':believed']?.N;
  }

  /** A mark assigns `#name = :name`, and removes what has a name but no value. */
  private update({
    Key = {},
    ExpressionAttributeNames: names = {},
    ExpressionAttributeValues: values = {},
  }: Update): void {
    const item = this.find({ pk: Key.pk?.S ?? '', sk: Key.sk?.S ?? '' });
    const kept = Object.entries(item ?? {}).filter(([name]) => !(`#${name}` in names));
    const set = Object.values(names).flatMap((name) => {
      const value = values[`:${name}`];
      return value === undefined ? [] : [[name, value] as const];
    });
    this.put(Object.fromEntries([...kept, ...set]));
  }
}

function isWanted({ status, errorCode, timestamp }: StoredItem, filter: DeadLetterFilter): boolean {
  const writtenAtMs = Date.parse(timestamp?.S ?? '');
  return (
    (filter.status === undefined || status?.S === filter.status) &&
    (filter.code === undefined || errorCode?.S === filter.code) &&
    (filter.fromMs === undefined || writtenAtMs >= filter.fromMs) &&
    (filter.toMs === undefined || writtenAtMs <= filter.toMs)
  );
}

function isOwn(item: StoredItem | undefined, { change }: LetterMark): boolean {
  return item?.[MARK_ID_ATTRIBUTE]?.S === change.id;
}
