import { crc32 } from 'node:zlib';
import { TidemarkError } from '../core/errors';

/** One message of `application/vnd.amazon.eventstream`. */
export interface EventMessage {
  /** Headers whose value is text; others are left out. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** Lengths of message and headers, and the checksum of both. */
const PRELUDE_BYTES = 12;
const CHECKSUM_BYTES = 4;
const MIN_MESSAGE_BYTES = PRELUDE_BYTES + CHECKSUM_BYTES;
/** A page of GetRecords has 10 MiB at most; base64 makes it longer by a third. A length beyond this is not one. */
const MAX_MESSAGE_BYTES = 32 * 1_024 * 1_024;

/**
 * The messages of a body. Nothing is read from it before it is asked for.
 * @throws `INVALID_ANSWER` for bytes that are no messages, `KINESIS_UNAVAILABLE` where the body ends inside of one
 */
export async function* readMessages(body: AsyncIterable<Uint8Array>): AsyncGenerator<EventMessage, void, undefined> {
  let chunks: Uint8Array[] = [];
  let length = 0;
  let needed = PRELUDE_BYTES;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length < needed) continue;
    let bytes = chunks.length === 1 ? asBuffer(chunk) : Buffer.concat(chunks, length);
    while ((needed = neededFor(bytes)) <= bytes.length) {
      yield decodeMessage(bytes.subarray(0, needed));
      bytes = bytes.subarray(needed);
    }
    chunks = bytes.length > 0 ? [bytes] : [];
    length = bytes.length;
  }
  if (length > 0) throw new TidemarkError('KINESIS_UNAVAILABLE', 'Kinesis broke off inside of an event');
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** How many bytes the message has that begins here, as far as that is known. */
function neededFor(bytes: Buffer): number {
  if (bytes.length < PRELUDE_BYTES) return PRELUDE_BYTES;
  if (crc32(bytes.subarray(0, 8)) !== bytes.readUInt32BE(8)) throw damaged('a prelude whose checksum is wrong');
  const length = bytes.readUInt32BE(0);
  if (length < MIN_MESSAGE_BYTES || length > MAX_MESSAGE_BYTES) throw damaged(`a message of ${length} bytes`);
  return length;
}

function decodeMessage(bytes: Buffer): EventMessage {
  const end = bytes.length - CHECKSUM_BYTES;
  if (crc32(bytes.subarray(0, end)) !== bytes.readUInt32BE(end)) throw damaged('a message whose checksum is wrong');
  const headersEnd = PRELUDE_BYTES + bytes.readUInt32BE(4);
  if (headersEnd > end) throw damaged('headers that are longer than their message');
  try {
    return {
      headers: decodeHeaders(bytes.subarray(PRELUDE_BYTES, headersEnd)),
      body: bytes.subarray(headersEnd, end),
    };
  } catch (error) {
    if (error instanceof RangeError) throw damaged('headers that end too early');
    throw error;
  }
}

const TEXT = 7;
/** Bytes of a header's value by its type; those of types 6 and 7 begin with their length. */
const FIXED_BYTES: readonly (number | undefined)[] = [0, 0, 1, 2, 4, 8, undefined, undefined, 8, 16];

/** @throws RangeError where the headers end too early */
function decodeHeaders(bytes: Buffer): Map<string, string> {
  const headers = new Map<string, string>();
  let at = 0;
  while (at < bytes.length) {
    const nameEnd = at + 1 + bytes.readUInt8(at);
    const type = bytes.readUInt8(nameEnd);
    if (type >= FIXED_BYTES.length) throw damaged(`a header of type ${type}`);
    const fixed = FIXED_BYTES[type];
    const start = nameEnd + (fixed === undefined ? 3 : 1);
    const end = start + (fixed ?? bytes.readUInt16BE(nameEnd + 1));
    if (end > bytes.length) throw new RangeError();
    if (type === TEXT) headers.set(bytes.toString('utf8', at + 1, nameEnd), bytes.toString('utf8', start, end));
    at = end;
  }
  return headers;
}

function damaged(what: string): TidemarkError {
  return new TidemarkError('INVALID_ANSWER', `Kinesis sent an event stream with ${what}`);
}
