const TEXT = 0x60;
const MAP = 0xa0;

/** The input of GetRecords as CBOR. What is undefined is left out. */
export function encodeCborRequest(input: Readonly<Record<string, string | number | undefined>>): Buffer {
  const fields = Object.entries(input).filter(([, value]) => value !== undefined);
  const parts = [head(MAP, fields.length)];
  for (const [name, value] of fields) parts.push(encode(name), encode(value));
  return Buffer.concat(parts);
}

function encode(value: string | number | undefined): Buffer {
  if (typeof value === 'number') return head(0, value);
  const text = Buffer.from(value ?? '');
  return Buffer.concat([head(TEXT, text.length), text]);
}

/** The first bytes of an item; its argument is a whole number below 2^32. */
function head(type: number, argument: number): Buffer {
  if (argument < 24) return Buffer.from([type | argument]);
  if (argument < 0x100) return Buffer.from([type | 24, argument]);
  if (argument < 0x1_0000) return Buffer.from([type | 25, argument >> 8, argument & 0xff]);
  const bytes = Buffer.from([type | 26, 0, 0, 0, 0]);
  bytes.writeUInt32BE(argument, 1);
  return bytes;
}
