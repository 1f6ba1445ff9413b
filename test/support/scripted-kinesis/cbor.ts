import { isObject, type JsonObject, type JsonReply, type JsonRequest } from './json-request';

/** How payloads and times are written. The default is AWS's way, as reported; emulators have others. */
export interface CborForm {
  readonly data?: 'bytes' | 'base64';
  readonly time?: 'tagged ms' | 'ms' | 'seconds' | 'float seconds';
  /** Maps, lists and strings without their length in front. */
  readonly indefinite?: boolean;
}

export const CBOR_TYPE = 'application/x-amz-cbor-1.1';

const TIMES = new Set(['ApproximateArrivalTimestamp', 'Timestamp', 'StreamCreationTimestamp']);
const BASE64 = /^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/;
const NULL = Buffer.from([0xf6]);
const BREAK = Buffer.from([0xff]);

export function asksForCbor({ headers }: Pick<JsonRequest, 'headers'>): boolean {
  return headers['content-type'] === CBOR_TYPE;
}

/** An answer in JSON as one in CBOR. */
export function cborReply(reply: JsonReply, form: CborForm): JsonReply {
  const text = reply.body.toString('utf8');
  const body = text === '' ? Buffer.alloc(0) : encodeCbor(JSON.parse(text) as unknown, form);
  return { ...reply, headers: { ...reply.headers, 'content-type': CBOR_TYPE }, body };
}

export function encodeCbor(value: unknown, form: CborForm = {}, name = ''): Buffer {
  switch (typeof value) {
    case 'boolean':
      return Buffer.from([value ? 0xf5 : 0xf4]);
    case 'number':
      return TIMES.has(name) ? encodeTime(value, form.time ?? 'tagged ms') : encodeNumber(value);
    case 'string':
      return encodeString(value, form, name === 'Data');
    case 'object':
      return value === null ? NULL : encodeItems(value, form);
    default:
      return NULL;
  }
}

function encodeItems(value: object, form: CborForm): Buffer {
  const isList = Array.isArray(value);
  const items = isList
    ? value.map((item) => encodeCbor(item, form))
    : Object.entries(value).flatMap(([key, item]) => [encodeString(key, {}, false), encodeCbor(item, form, key)]);
  const type = isList ? 4 : 5;
  if (form.indefinite) return Buffer.concat([Buffer.from([(type << 5) | 31]), ...items, BREAK]);
  return Buffer.concat([head(type, isList ? items.length : items.length / 2), ...items]);
}

function encodeString(text: string, form: CborForm, isData: boolean): Buffer {
  const asBytes = isData && (form.data ?? 'bytes') === 'bytes' && BASE64.test(text);
  const bytes = asBytes ? Buffer.from(text, 'base64') : Buffer.from(text);
  const type = asBytes ? 2 : 3;
  if (!form.indefinite) return Buffer.concat([head(type, bytes.length), bytes]);
  // Texts are cut between characters only.
  const middle = asBytes ? bytes.length >> 1 : firstHalfBytes(text);
  const pieces = [bytes.subarray(0, middle), bytes.subarray(middle)].flatMap((piece) => [
    head(type, piece.length),
    piece,
  ]);
  return Buffer.concat([Buffer.from([(type << 5) | 31]), ...pieces, BREAK]);
}

function firstHalfBytes(text: string): number {
  const characters = [...text];
  return Buffer.byteLength(characters.slice(0, characters.length >> 1).join(''));
}

function encodeTime(seconds: number, time: NonNullable<CborForm['time']>): Buffer {
  if (time === 'float seconds') return double(seconds);
  if (time === 'seconds') return encodeNumber(Math.floor(seconds));
  const ms = encodeNumber(Math.round(seconds * 1_000));
  return time === 'ms' ? ms : Buffer.concat([head(6, 1), ms]);
}

function encodeNumber(value: number): Buffer {
  if (!Number.isInteger(value)) return double(value);
  return value < 0 ? head(1, -1 - value) : head(0, value);
}

function double(value: number): Buffer {
  const bytes = Buffer.from([0xfb, 0, 0, 0, 0, 0, 0, 0, 0]);
  bytes.writeDoubleBE(value, 1);
  return bytes;
}

function head(type: number, argument: number): Buffer {
  if (argument < 24) return Buffer.from([(type << 5) | argument]);
  const width = argument < 0x100 ? 0 : argument < 0x1_0000 ? 1 : argument < 0x1_0000_0000 ? 2 : 3;
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(argument));
  return Buffer.concat([Buffer.from([(type << 5) | (24 + width)]), bytes.subarray(8 - (1 << width))]);
}

/** A request's body: a map of texts and whole numbers, of definite lengths. */
export function decodeCborRequest(bytes: Buffer): JsonObject {
  let at = 0;
  const argument = (): number => {
    const info = (bytes[at++] ?? 0) & 31;
    if (info < 24) return info;
    const width = 1 << (info - 24);
    at += width;
    return bytes.readUIntBE(at - width, width);
  };
  const item = (): unknown => {
    const type = (bytes[at] ?? 0) >> 5;
    const value = argument();
    if (type === 0) return value;
    if (type === 3) return bytes.toString('utf8', at, (at += value));
    if (type === 5) return Object.fromEntries(Array.from({ length: value }, () => [item(), item()]));
    throw new Error(`a request with an item of type ${type}`);
  };
  const value = item();
  if (!isObject(value) || at !== bytes.length) throw new Error('a request that is no map');
  return value;
}
