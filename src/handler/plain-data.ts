import { isUint8Array } from 'node:util/types';

/** Deeper than DynamoDB nests (32 levels of two objects each). */
const MAX_DEPTH = 80;
const KINDS = ['Put', 'Update', 'Delete', 'ConditionCheck'];

/** An object literal, also one of another realm. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** What is wrong with an item of `transact`, without its values; undefined if nothing is. */
export function problemOfEffects(item: unknown): string | undefined {
  if (!isPlainObject(item)) return 'that is no plain object';
  const kinds = Object.keys(item).filter((key) => item[key] !== undefined);
  const [kind = ''] = kinds;
  if (kinds.length !== 1 || !KINDS.includes(kind)) return `that is not one of ${KINDS.join(', ')}`;
  const write = item[kind];
  if (!isPlainObject(write)) return `whose ${kind} is no plain object`;
  if (typeof write.TableName !== 'string' || write.TableName === '') return `whose ${kind} has no TableName`;
  return isData(write, 0) ? undefined : `whose ${kind} holds what is no data (a function, a class, a Date, a Map, …)`;
}

/** What survives the way to another thread and to DynamoDB unchanged. */
function isData(value: unknown, depth: number): boolean {
  if (depth > MAX_DEPTH) return false;
  if (value === undefined || value === null || isUint8Array(value)) return true;
  if (['string', 'number', 'boolean'].includes(typeof value)) return true;
  if (Array.isArray(value)) return value.every((element) => isData(element, depth + 1));
  return isPlainObject(value) && Object.values(value).every((element) => isData(element, depth + 1));
}
