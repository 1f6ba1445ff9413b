import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';

export type JsonObject = Record<string, unknown>;

/** One call in AWS JSON form. */
export interface JsonRequest {
  /** Operation without its version prefix: `GetRecords` of `Kinesis_20131202.GetRecords`; empty without X-Amz-Target. */
  readonly operation: string;
  /** The whole X-Amz-Target header. */
  readonly target: string;
  /** Parsed body; empty if the body is no JSON object. */
  readonly body: JsonObject;
  readonly bytes: Buffer;
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

export interface JsonReply {
  readonly status: number;
  readonly headers: Record<string, string | string[]>;
  readonly body: Buffer;
  /** Writes the body by itself, for as long as it likes. */
  readonly stream?: (response: ServerResponse) => void;
}

export async function readJsonRequest(message: IncomingMessage): Promise<JsonRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const target = String(message.headers['x-amz-target'] ?? '');
  return {
    operation: target.slice(target.lastIndexOf('.') + 1),
    target,
    body: parseObject(bytes),
    bytes,
    method: message.method ?? 'POST',
    path: message.url ?? '/',
    headers: message.headers,
  };
}

export function parseObject(bytes: Buffer): JsonObject {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function jsonReply(status: number, body: unknown): JsonReply {
  const text = body === undefined ? '' : JSON.stringify(body);
  return { status, headers: { 'content-type': 'application/x-amz-json-1.1' }, body: Buffer.from(text) };
}
