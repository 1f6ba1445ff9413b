import { Readable } from 'node:stream';
import type { RawResponse } from '../kinesis/collect-body';

/** Whether it is an answer as the request handler gives it, its body not yet read. */
export function isRawResponse(response: unknown): response is RawResponse {
  if (typeof response !== 'object' || response === null || !('statusCode' in response) || !('body' in response))
    return false;
  const { statusCode, body } = response;
  return typeof statusCode === 'number' && (body instanceof Readable || body instanceof Uint8Array);
}
