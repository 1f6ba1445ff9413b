import type { AttributeValue } from '@aws-sdk/client-dynamodb';

/** Longest number DynamoDB keeps: 38 digits, two a byte, and what belongs to it. */
const NUMBER_BYTES = 21;
/** What a list or map adds, and each element in it (DynamoDB Developer Guide, "Item sizes and formats"). */
const CONTAINER_BYTES = 3;
const ELEMENT_BYTES = 1;

/** Size of an item as DynamoDB's limits count it, bytes: the names and the values. Never too small. */
export function itemBytes(item: Readonly<Record<string, AttributeValue>>): number {
  return sum(Object.entries(item).map(([name, value]) => Buffer.byteLength(name) + valueBytes(value)));
}

function valueBytes(value: AttributeValue): number {
  if (value.S !== undefined) return Buffer.byteLength(value.S);
  if (value.B !== undefined) return value.B.byteLength;
  if (value.N !== undefined) return NUMBER_BYTES;
  if (value.L !== undefined) return containerBytes(value.L.length, sum(value.L.map(valueBytes)));
  if (value.M !== undefined) return containerBytes(Object.keys(value.M).length, itemBytes(value.M));
  if (value.SS !== undefined) return sum(value.SS.map((text) => Buffer.byteLength(text)));
  if (value.BS !== undefined) return sum(value.BS.map((bytes) => bytes.byteLength));
  return value.NS === undefined ? 1 : value.NS.length * NUMBER_BYTES;
}

function containerBytes(elements: number, content: number): number {
  return CONTAINER_BYTES + elements * ELEMENT_BYTES + content;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
