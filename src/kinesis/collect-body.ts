import type { Readable } from 'node:stream';
import { TidemarkError } from '../core/errors';

/** Several times what Kinesis returns at most (10 MiB of data), base64 and field names included. */
const MAX_BODY_BYTES = 64 * 1_024 * 1_024;

export interface RawResponse {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  body: Readable | Uint8Array;
  /** The same as `body`, as it was received, in memory of its own: there where Tidemark's own request handler gave the answer. */
  readonly parts?: readonly Buffer[];
}

/**
 * The whole body in memory of its own. By events: async iteration costs more than decoding does. Fails with the stream's own error where the
 * body breaks off, which the SDK takes for a reason to ask again.
 */
export function collectBody({ headers, body }: RawResponse): Promise<Buffer> {
  if (body instanceof Uint8Array) return Promise.resolve(ownMemoryOf(body));
  const announced = Number(headers['content-length']);
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    const onClose = (): void => reject(brokenOff());
    body.on('data', (chunk: Uint8Array) => {
      chunks.push(chunk);
      bytes += chunk.byteLength;
      if (bytes > MAX_BODY_BYTES) body.destroy(tooLarge());
    });
    body.once('error', reject);
    body.once('close', onClose);
    body.once('end', () => {
      body.off('close', onClose);
      if (Number.isInteger(announced) && announced !== bytes) reject(brokenOff());
      else resolve(copyOf(chunks, bytes));
    });
  });
}

/** As it is where nothing else shares its memory. */
function ownMemoryOf(body: Uint8Array): Buffer {
  const { buffer, byteLength } = body;
  return byteLength === buffer.byteLength ? Buffer.from(buffer) : copyOf([body], byteLength);
}

/** Never a part of Node's pool: the records of a page are views of this, and it may be handed to another thread. */
function copyOf(chunks: readonly Uint8Array[], bytes: number): Buffer {
  const whole = Buffer.allocUnsafeSlow(bytes);
  let length = 0;
  for (const chunk of chunks) {
    whole.set(chunk, length);
    length += chunk.byteLength;
  }
  return whole;
}

/** With the code by which the SDK knows that the same call may succeed. */
function brokenOff(): Error {
  return Object.assign(new Error('The answer broke off'), { code: 'ECONNRESET' });
}

function tooLarge(): TidemarkError {
  const limit = `${MAX_BODY_BYTES / 1_024 / 1_024} MiB`;
  return new TidemarkError('INVALID_ANSWER', `Kinesis answered GetRecords with more than ${limit}`);
}
