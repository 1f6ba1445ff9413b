import { Readable } from 'node:stream';
import type { RawResponse } from '../kinesis/collect-body';

/** Whether it is an answer as the request handler gives it, its body not yet read. */
export function isRawResponse(response: unknown): response is RawResponse {
  if (typeof response !== 'object' || response === null || !('statusCode' in response)) return false;
  if (typeof response.statusCode !== 'number' || !('body' in response)) return false;
  // Looking at the body of an answer in parts would put it together.
  return 'parts' in response || response.body instanceof Readable || response.body instanceof Uint8Array;
}
