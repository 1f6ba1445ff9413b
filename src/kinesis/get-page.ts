import { GetRecordsCommand, type GetRecordsCommandInput } from '@aws-sdk/client-kinesis';
import type { ShortCall, ShortCalls } from '../aws/short-calls';
import { heldBytes, socketMemory } from '../aws/socket-memory';
import { codeOf, TidemarkError } from '../core/errors';
import { decodeCborError } from './cbor-error';
import { decodeCborPage } from './cbor-page';
import { CborRefused, errorTypeOf, isRefusal } from './cbor-refusal';
import { encodeCborRequest } from './cbor-request';
import { collectBody, type RawResponse } from './collect-body';
import type { Page } from './kinesis-port';
import { decodePage } from './page-decoder';
import { isKept, notePieces } from './page-views';
import { CBOR_CONTENT_TYPE, JSON_CONTENT_TYPE, type Wire } from './wire';

const NOTHING_MORE = Buffer.from('{}');
const FIRST_MAP = 0xa0;
/** More records than so many a part are of 16 KiB at most. */
const SMALL_PER_PART = 8;

export type PageRequest = Pick<GetRecordsCommandInput, 'StreamARN' | 'ShardIterator' | 'Limit'>;

/**
 * GetRecords in the form of the wire, with its answer decoded here. Everything else is the SDK's: signing, retries, a body that breaks off, and
 * errors. An endpoint that does not know CBOR is asked again in JSON; if that goes well, and none has gone well in CBOR, the wire remembers it.
 */
export async function getPage(
  calls: ShortCalls,
  input: PageRequest,
  wire: Wire,
  abortSignal?: AbortSignal,
): Promise<Page> {
  if (!wire.isCbor) return new PageCall(input, 'json').send(calls, abortSignal);
  const { mayFallBack } = wire;
  try {
    const page = await new PageCall(input, mayFallBack ? 'cbor or refused' : 'cbor').send(calls, abortSignal);
    if (page.records.length > 0) wire.prove();
    return page;
  } catch (error) {
    if (!mayFallBack || !isAboutForm(error)) throw error;
    const page = await new PageCall(input, 'json').send(calls, abortSignal);
    wire.fallBack(error.message);
    return page;
  }
}

function isAboutForm(error: unknown): error is Error {
  return error instanceof CborRefused || (error instanceof TidemarkError && codeOf(error) === 'INVALID_ANSWER');
}

/** One call, in one form. */
class PageCall implements ShortCall {
  readonly target: string;
  readonly contentType: string;
  readonly body: Uint8Array;
  private page: Page | undefined;

  constructor(
    private readonly input: PageRequest,
    private readonly form: 'json' | 'cbor' | 'cbor or refused',
  ) {
    const { StreamARN, ShardIterator, Limit } = input;
    const fields = { StreamARN, ShardIterator, Limit };
    this.target = StreamARN ?? '';
    this.contentType = form === 'json' ? JSON_CONTENT_TYPE : CBOR_CONTENT_TYPE;
    this.body = form === 'json' ? Buffer.from(JSON.stringify(fields)) : encodeCborRequest(fields);
  }

  get isDone(): boolean {
    return this.page !== undefined;
  }

  newCommand(): GetRecordsCommand {
    return new GetRecordsCommand(this.input);
  }

  async send(calls: ShortCalls, abortSignal?: AbortSignal): Promise<Page> {
    await calls.send(this, abortSignal);
    if (this.page) return this.page;
    throw new TidemarkError('INVALID_ANSWER', 'Kinesis answered GetRecords with nothing');
  }

  /** Takes the page, and leaves the SDK's decoder an empty object; of an error in CBOR, the same in JSON. */
  async take(response: RawResponse): Promise<void> {
    if (response.statusCode === 200) {
      this.page = response.parts ? decodeParts(response, response.parts) : await decodeWhole(response);
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

async function decodeWhole(response: RawResponse): Promise<Page> {
  const body = await collectBody(response);
  return isCbor(response, body) ? decodeCborPage([body]) : decodePage(body);
}

function decodeParts(response: RawResponse, parts: readonly Buffer[]): Page {
  if (isCbor(response, parts[0])) return withMemory(decodeCborPage(parts), parts);
  const memory = new Set<ArrayBufferLike>();
  const page = decodePage(socketMemory.join(parts), (bytes) => socketMemory.room(bytes, memory));
  socketMemory.giveBack(parts);
  const pieces = [...memory].map((one) => Buffer.from(one));
  notePieces(pieces, page.records);
  return withMemory(page, pieces);
}

/** A page whose payloads are in these parts, but for copies of those that lay in two. */
function withMemory(page: Page, parts: readonly Buffer[]): Page {
  const { records } = page;
  const giveBack = (): void => socketMemory.giveBack(parts.filter(({ buffer }) => !isKept(buffer)));
  if (records.length > 0) {
    // Where records are small their copies are, too: one a part at most.
    const copies = records.length > SMALL_PER_PART * parts.length ? [] : records.map(({ data }) => data);
    return { ...page, memory: { bytes: heldBytes([...parts, ...copies]), giveBack } };
  }
  giveBack();
  return page;
}

/** By its content type; without a telling one, by the first byte: no text begins with that of a map or a tag. */
function isCbor({ headers }: RawResponse, [first = 0]: Buffer = NOTHING_MORE): boolean {
  const type = headers['content-type'] ?? '';
  return type.includes('cbor') || (!type.includes('json') && first >= FIRST_MAP);
}

function parseError(body: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
