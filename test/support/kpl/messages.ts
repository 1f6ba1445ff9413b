/** Aggregates byte by byte, right and wrong, for tests of their reader. */
import { createHash } from 'node:crypto';

const MAGIC = Buffer.from('f3899ac2', 'hex');

export function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt(value);
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}

/** A field of type 2: text, bytes or message. */
export function bytesField(number: number, content: string | Uint8Array): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

export function varintField(number: number, value: number | bigint): Buffer {
  return Buffer.concat([varint(number << 3), varint(value)]);
}

export function record(data: string | Uint8Array, key: number | bigint = 0, hashKey?: number): Buffer {
  const body = [varintField(1, key), ...(hashKey === undefined ? [] : [varintField(2, hashKey)]), bytesField(3, data)];
  return bytesField(3, Buffer.concat(body));
}

/** Whatever the message is, with the right digest. */
export function sealed(...message: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(message);
  return Buffer.concat([MAGIC, body, createHash('md5').update(body).digest()]);
}

/** User records of one partition key each. */
export function aggregateOf(records: readonly { readonly key: string; readonly data: string }[]): Buffer {
  return sealed(
    ...records.map(({ key }) => bytesField(1, key)),
    ...records.map(({ data }, index) => record(data, index)),
  );
}
