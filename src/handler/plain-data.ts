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
  if (!isData(write, 0)) return `whose ${kind} holds what is no data (a function, a class, a Date, a Map, …)`;
  const wrong = ATTRIBUTES.find((name) => write[name] !== undefined && !areAttributes(write[name]));
  return (
    wrong && `whose ${kind}.${wrong} holds a value that is not one of { S: "text" }, { N: "1" }, { BOOL: true }, …`
  );
}

/** Members of a write that hold attribute values by name. */
const ATTRIBUTES = ['Item', 'Key', 'ExpressionAttributeValues'];

function areAttributes(values: unknown): boolean {
  return isPlainObject(values) && Object.values(values).every(isAttributeValue);
}

/** Of one type, and its value of that type: the AWS client throws at some of what is not, and sends the rest wrongly. */
function isAttributeValue(value: unknown): boolean {
  if (!isPlainObject(value)) return false;
  const types = Object.keys(value).filter((type) => value[type] !== undefined);
  const [type = ''] = types;
  const isOfType = types.length === 1 && Object.hasOwn(IS_OF_TYPE, type) ? IS_OF_TYPE[type] : undefined;
  return isOfType?.(value[type]) ?? false;
}

const IS_OF_TYPE: Readonly<Record<string, (value: unknown) => boolean>> = {
  S: isText,
  N: isText,
  B: isUint8Array,
  BOOL: (value) => typeof value === 'boolean',
  NULL: (value) => value === true,
  SS: (value) => isListOf(value, isText),
  NS: (value) => isListOf(value, isText),
  BS: (value) => isListOf(value, isUint8Array),
  L: (value) => isListOf(value, isAttributeValue),
  M: areAttributes,
};

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isListOf(value: unknown, isElement: (element: unknown) => boolean): boolean {
  // A copy has no holes, which `every` would pass over.
  return Array.isArray(value) && [...(value as unknown[])].every(isElement);
}

/** What survives the way to another thread and to DynamoDB unchanged. */
function isData(value: unknown, depth: number): boolean {
  if (depth > MAX_DEPTH) return false;
  if (value === undefined || value === null || isUint8Array(value)) return true;
  if (['string', 'number', 'boolean'].includes(typeof value)) return true;
  if (Array.isArray(value)) return value.every((element) => isData(element, depth + 1));
  return isPlainObject(value) && Object.values(value).every((element) => isData(element, depth + 1));
}
