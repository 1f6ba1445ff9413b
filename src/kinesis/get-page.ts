import { Readable } from 'node:stream';
import { GetRecordsCommand, type GetRecordsCommandInput, type KinesisClient } from '@aws-sdk/client-kinesis';
import { codeOf, TidemarkError } from '../core/errors';
import { decodeCborError } from './cbor-error';
import { decodeCborPage } from './cbor-page';
import { CborRefused, errorTypeOf, isRefusal } from './cbor-refusal';
import { encodeCborRequest } from './cbor-request';
import { collectBody, type RawResponse } from './collect-body';
import type { Page } from './kinesis-port';
import { decodePage } from './page-decoder';
import { CBOR_CONTENT_TYPE, type Wire } from './wire';

const NOTHING_MORE = Buffer.from('{}');
const FIRST_MAP = 0xa0;

export type PageRequest = Pick<GetRecordsCommandInput, 'StreamARN' | 'ShardIterator' | 'Limit'>;

/**
 * GetRecords in the form of the wire, with its answer decoded here. Everything else is the SDK's: signing, retries, a body that breaks off, and
 * errors. An endpoint that does not know CBOR is asked again in JSON; if that goes well, and none has gone well in CBOR, the wire remembers it.
 */
export async function getPage(
  client: KinesisClient,
  input: PageRequest,
  wire: Wire,
  abortSignal?: AbortSignal,
): Promise<Page> {
  if (!wire.isCbor) return new PageCall(input, 'json').send(client, abortSignal);
  const { mayFallBack } = wire;
  try {
    const page = await new PageCall(input, mayFallBack ? 'cbor or refused' : 'cbor').send(client, abortSignal);
    if (page.records.length > 0) wire.prove();
    return page;
  } catch (error) {
    if (!mayFallBack || !isAboutForm(error)) throw error;
    const page = await new PageCall(input, 'json').send(client, abortSignal);
    wire.fallBack(error.message);
    return page;
  }
}

function isAboutForm(error: unknown): error is Error {
  return error instanceof CborRefused || (error instanceof TidemarkError && codeOf(error) === 'INVALID_ANSWER');
}

/** One call: a middleware puts the body into its form before it is signed, and another one next to the wire takes the answer's. */
class PageCall {
  private page: Page | undefined;

  constructor(
    private readonly input: PageRequest,
    private readonly form: 'json' | 'cbor' | 'cbor or refused',
  ) {}

  async send(client: KinesisClient, abortSignal?: AbortSignal): Promise<Page> {
    const command = new GetRecordsCommand(this.input);
    if (this.form !== 'json') {
      command.middlewareStack.add(
        (next) => async (args) => {
          this.rewrite(args.request);
          return next(args);
        },
        // Before the length of the body is noted.
        { step: 'build', priority: 'high', name: 'tidemarkPageRequest' },
      );
    }
    command.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        if (isRawResponse(result.response)) await this.take(result.response);
        return result;
      },
      { step: 'deserialize', priority: 'low', name: 'tidemarkPageDecoder' },
    );
    await client.send(command, { abortSignal });
    if (this.page) return this.page;
    throw new TidemarkError('INVALID_ANSWER', 'Kinesis answered GetRecords with nothing');
  }

  private rewrite(request: unknown): void {
    const { headers } = request as { headers: Record<string, string> };
    headers['content-type'] = CBOR_CONTENT_TYPE;
    const { StreamARN, ShardIterator, Limit } = this.input;
    Object.assign(request as object, { body: encodeCborRequest({ StreamARN, ShardIterator, Limit }) });
  }

  /** Takes the page, and leaves the SDK's decoder an empty object; of an error in CBOR, the same in JSON. */
  private async take(response: RawResponse): Promise<void> {
    if (response.statusCode === 200) {
      const body = await collectBody(response);
      this.page = isCbor(response, body) ? decodeCborPage(body) : decodePage(body);
      response.body = NOTHING_MORE;
    } else if (this.form !== 'json' && response.statusCode >= 300) {
      const body = await collectBody(response);
      const fields = isCbor(response, body) ? decodeCborError(body) : undefined;
      this.assertUnderstood(response, fields ?? parseError(body));
      response.body = fields ? Buffer.from(JSON.stringify(fields)) : body;
    }
  }

  private assertUnderstood({ statusCode, headers }: RawResponse, fields: Readonly<Record<string, unknown>>): void {
    if (this.form !== 'cbor or refused') return;
    const type = errorTypeOf(headers['x-amzn-errortype'], fields);
    if (isRefusal(statusCode, type))
      throw new CborRefused(`the endpoint refuses CBOR (status ${statusCode}, ${type ?? 'no error of Kinesis'})`);
  }
}

/** By its content type; without a telling one, by the first byte: no text begins with that of a map or a tag. */
function isCbor({ headers }: RawResponse, body: Buffer): boolean {
  const type = headers['content-type'] ?? '';
  return type.includes('cbor') || (!type.includes('json') && (body[0] ?? 0) >= FIRST_MAP);
}

function parseError(body: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function isRawResponse(response: unknown): response is RawResponse {
  if (typeof response !== 'object' || response === null || !('statusCode' in response) || !('body' in response))
    return false;
  const { statusCode, body } = response;
  return typeof statusCode === 'number' && (body instanceof Readable || body instanceof Uint8Array);
}
