import { GetRecordsCommand, type GetRecordsCommandInput, type KinesisClient } from '@aws-sdk/client-kinesis';
import { TidemarkError } from '../core/errors';
import type { Page } from './kinesis-port';
import { decodePage } from './page-decoder';

const NOTHING_MORE = Buffer.from('{}');

interface RawResponse {
  readonly statusCode: number;
  body: AsyncIterable<Uint8Array> | Uint8Array;
}

/**
 * GetRecords with its answer decoded here. Everything else is the SDK's: signing, retries, a body that breaks off, and errors. A middleware
 * next to the wire takes the body of a success and leaves the SDK's decoder an empty object.
 */
export async function getPage(
  client: KinesisClient,
  input: GetRecordsCommandInput,
  abortSignal?: AbortSignal,
): Promise<Page> {
  const command = new GetRecordsCommand(input);
  let page: Page | undefined;
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      if (isSuccess(result.response)) {
        page = decodePage(await collect(result.response.body));
        result.response.body = NOTHING_MORE;
      }
      return result;
    },
    { step: 'deserialize', priority: 'low', name: 'tidemarkPageDecoder' },
  );
  await client.send(command, { abortSignal });
  if (page) return page;
  throw new TidemarkError('INVALID_ANSWER', 'Kinesis answered GetRecords with nothing');
}

function isSuccess(response: unknown): response is RawResponse {
  if (typeof response !== 'object' || response === null || !('statusCode' in response) || !('body' in response))
    return false;
  const { statusCode, body } = response;
  return (
    statusCode === 200 &&
    typeof body === 'object' &&
    body !== null &&
    (Symbol.asyncIterator in body || body instanceof Uint8Array)
  );
}

async function collect(body: RawResponse['body']): Promise<Buffer> {
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
