import { createHash, createHmac } from 'node:crypto';
import type { JsonRequest } from './scripted-kinesis/json-request';

export interface Signed {
  readonly accessKeyId: string;
  /** Of this second, epoch milliseconds. */
  readonly atMs: number;
}

/** Checks the signature (version 4) of a request as AWS does. @throws where it does not fit headers and body */
export function verifiedSignature({ method, path, headers, bytes }: JsonRequest, secretAccessKey: string): Signed {
  const parts = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/([^,]+), SignedHeaders=([^,]+), Signature=(\w+)$/;
  const [, accessKeyId = '', scope = '', names = '', signature] = parts.exec(headers.authorization ?? '') ?? [];
  const time = String(headers['x-amz-date']);
  const signed = names.split(';').map((name) => `${name}:${String(headers[name]).trim()}\n`);
  const canonical = [method, path, '', signed.join(''), names, sha256(bytes)].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n');
  const key = scope.split('/').reduce<string | Buffer>((last, part) => hmac(last, part), `AWS4${secretAccessKey}`);
  if (hmac(key, toSign).toString('hex') !== signature) throw new Error('The signature does not fit the request');
  if (!['host', 'x-amz-date', 'x-amz-target', 'content-type'].every((name) => names.split(';').includes(name)))
    throw new Error(`Not all that AWS wants signed is: ${names}`);
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(time) ?? [];
  return { accessKeyId, atMs: Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) };
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
