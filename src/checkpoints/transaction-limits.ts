import type { AttributeValue, TransactWriteItem } from '@aws-sdk/client-dynamodb';
import { MAX_EFFECTS, type EffectsRefused } from './checkpoint-store';
import { itemBytes } from './item-bytes';

/** DynamoDB's limit of all items of one transaction (API reference, TransactWriteItems), less what the checkpoint itself takes. */
const MAX_BYTES = 4 * 1_024 * 1_024 - 128 * 1_024;

type Attributes = Readonly<Record<string, AttributeValue>>;

/**
 * What is wrong with effects that are to be written with a checkpoint, before DynamoDB is asked: more than 99, more than 4 MB, or two on
 * one item. Two puts of one item are seen only where another effect names the key of the same table; DynamoDB sees the rest.
 */
export function checkTransaction(effects: readonly TransactWriteItem[]): EffectsRefused | undefined {
  if (effects.length > MAX_EFFECTS)
    return tooLarge(`${effects.length} effects; with its checkpoint a transaction may have ${MAX_EFFECTS}`);
  const bytes = effects.reduce((sum, effect) => sum + effectBytes(effect), 0);
  if (bytes > MAX_BYTES) return tooLarge(`effects of about ${bytes} bytes; a transaction may have 4 MB`);
  const keyNames = keyNamesByTable(effects);
  const seen = new Map<string, number>();
  for (const [index, effect] of effects.entries()) {
    const item = itemOf(effect, keyNames);
    const other = item === undefined ? undefined : seen.get(item);
    if (other !== undefined) return tooLarge(`effects ${other + 1} and ${index + 1} are on one item`);
    if (item !== undefined) seen.set(item, index);
  }
  return undefined;
}

/** Size of an effect as far as the request tells, bytes. */
export function effectBytes({ Put, Update, Delete, ConditionCheck }: TransactWriteItem): number {
  const rest = Update ?? Delete ?? ConditionCheck;
  return itemBytes(Put?.Item ?? {}) + itemBytes(rest?.Key ?? {}) + itemBytes(rest?.ExpressionAttributeValues ?? {});
}

function keyNamesByTable(effects: readonly TransactWriteItem[]): Map<string, readonly string[]> {
  const names = new Map<string, readonly string[]>();
  for (const { Update, Delete, ConditionCheck } of effects) {
    const action = Update ?? Delete ?? ConditionCheck;
    if (action?.TableName && action.Key) names.set(action.TableName, Object.keys(action.Key).toSorted());
  }
  return names;
}

/** Table and key of the item that an effect is on; undefined where they cannot be told. */
function itemOf({ Put, Update, Delete, ConditionCheck }: TransactWriteItem, keyNames: Map<string, readonly string[]>) {
  const action = Update ?? Delete ?? ConditionCheck;
  if (action?.TableName && action.Key) return describeKey(action.TableName, action.Key);
  const names = Put?.TableName ? keyNames.get(Put.TableName) : undefined;
  if (!Put?.Item || !Put.TableName || names === undefined) return undefined;
  const item = Put.Item;
  return describeKey(
    Put.TableName,
    Object.fromEntries(names.flatMap((name) => (item[name] ? [[name, item[name]]] : []))),
  );
}

function describeKey(table: string, key: Attributes): string {
  const parts = Object.entries(key)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { S, N, B }]) => [name, S ?? N ?? Buffer.from(B ?? []).toString('base64')]);
  return JSON.stringify([table, parts]);
}

function tooLarge(message: string): EffectsRefused {
  return { kind: 'effectsRefused', code: 'TRANSACTION_TOO_LARGE', message };
}
