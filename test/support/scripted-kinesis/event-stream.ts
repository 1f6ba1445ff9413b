import { crc32 } from 'node:zlib';

/** One message of `application/vnd.amazon.eventstream`: text headers, and a body. */
export function encodeMessage(headers: Readonly<Record<string, string>>, body: Buffer): Buffer {
  const head = Buffer.concat(Object.entries(headers).map(([name, value]) => encodeHeader(name, value)));
  const length = 12 + head.length + body.length + 4;
  const message = Buffer.alloc(length);
  message.writeUInt32BE(length, 0);
  message.writeUInt32BE(head.length, 4);
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8);
  head.copy(message, 12);
  body.copy(message, 12 + head.length);
  message.writeUInt32BE(crc32(message.subarray(0, length - 4)), length - 4);
  return message;
}

export function encodeEvent(type: string, body: unknown): Buffer {
  const headers = { ':event-type': type, ':content-type': 'application/json', ':message-type': 'event' };
  return encodeMessage(headers, body === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(body)));
}

export function encodeException(type: string, message: string): Buffer {
  const headers = { ':exception-type': type, ':content-type': 'application/json', ':message-type': 'exception' };
  return encodeMessage(headers, Buffer.from(JSON.stringify({ message })));
}

function encodeHeader(name: string, value: string): Buffer {
  const bytes = Buffer.from(value);
  const head = Buffer.alloc(1 + Buffer.byteLength(name) + 3);
  head.writeUInt8(Buffer.byteLength(name), 0);
  head.write(name, 1);
  head.writeUInt8(7, head.length - 3);
  head.writeUInt16BE(bytes.length, head.length - 2);
  return Buffer.concat([head, bytes]);
}
