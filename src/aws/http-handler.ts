import { createRequire } from 'node:module';
import type { NodeHttpHandler } from '@smithy/node-http-handler';
import type * as Undici from 'undici';
import { TidemarkError } from '../core/errors';
import { noteEndpoint } from './failure';
import { joinedParts, socketMemory } from './socket-memory';

const CONNECTION_TIMEOUT_MS = 5_000;
/** Every shard may have a call under way, and a worker may have hundreds of shards. */
const MAX_SOCKETS = 1_000;
/** A connection that nothing was sent on for so long may be about to be closed by the other side. */
const IDLE_SOCKET_MS = 20_000;
/** Several times what Kinesis returns at most (10 MiB of data), base64 and field names included. */
const MAX_BODY_BYTES = 64 * 1_024 * 1_024;

export type HttpRequest = Parameters<NodeHttpHandler['handle']>[0];
type Options = Parameters<NodeHttpHandler['handle']>[1];
type Answer = Awaited<ReturnType<NodeHttpHandler['handle']>>;

/**
 * HTTP/1.1 for the AWS SDK, by undici: it hands over what a socket received without copying it, and a call costs about half of what Node's own
 * client takes. An answer is given as a whole; one that breaks off fails the call with the code by which the SDK knows that it may be repeated.
 *
 * Not for answers that do not end (SubscribeToShard).
 */
export class WholeBodyHandler {
  readonly metadata = { handlerProtocol: 'http/1.1' };
  private agent: Undici.Agent | undefined;

  /** `timeoutMs` bounds the wait for the headers, and for each next part of the body. */
  constructor(private readonly timeoutMs: number) {}

  async handle(request: HttpRequest, { abortSignal }: Options = {}): Promise<Answer> {
    if (abortSignal?.aborted) throw aborted();
    const { protocol, hostname, port, method, headers } = request;
    const address = port === undefined ? hostname : `${hostname}:${port}`;
    const agent = (this.agent ??= newAgent(this.timeoutMs));
    try {
      return await new Promise<Answer>((resolve, reject) => {
        const call = new Call(resolve, reject);
        if (abortSignal) call.endWith(abortSignal);
        const body = request.body as string | Uint8Array | undefined;
        const options = {
          origin: `${protocol}//${address}`,
          path: pathOf(request),
          method: method as 'POST',
          headers,
          body,
        };
        agent.dispatch(options, call);
      });
    } catch (error) {
      noteEndpoint(error, address);
      throw error;
    }
  }

  /** As Node's: the SDK calls it with what its own options say of the handler, of which there is nothing here. */
  updateHttpClientConfig(): void {}

  httpHandlerConfigs(): Record<string, never> {
    return {};
  }

  destroy(): void {
    // Calls that are under way fail, and whoever made them is told.
    // Made if need be: a call that comes later must fail, too.
    (this.agent ??= newAgent(this.timeoutMs)).destroy().catch(() => undefined);
  }
}

/** Loaded with the first call, which a worker makes while its sandbox starts: it takes 60 ms of what a start takes. */
function newAgent(timeoutMs: number): Undici.Agent {
  const { Agent } = createRequire(__filename)('undici') as typeof Undici;
  return new Agent({
    connections: MAX_SOCKETS,
    pipelining: 1,
    keepAliveTimeout: IDLE_SOCKET_MS,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    connect: { timeout: CONNECTION_TIMEOUT_MS, onread: socketMemory.onread },
  });
}

type AbortSignalLike = NonNullable<NonNullable<Options>['abortSignal']>;

/** An answer whose body is put together only for those that ask for the whole of it. */
class WholeAnswer {
  statusCode = 0;
  reason = '';
  headers: Record<string, string> = {};
  /** As they came from the socket, in memory of this answer alone. */
  readonly parts: Buffer[] = [];
  private whole: Uint8Array | undefined;

  /** What follows the part before in memory, too, makes one part with it. */
  add(part: Buffer): void {
    const joined = joinedParts(this.parts.at(-1), part);
    if (joined) this.parts[this.parts.length - 1] = joined;
    else this.parts.push(part);
  }

  get body(): Uint8Array {
    return (this.whole ??= wholeOf(this.parts));
  }

  set body(body: Uint8Array) {
    this.whole = body;
  }
}

/** Never a part of Node's pool: it may be handed to another thread. */
function wholeOf(parts: readonly Buffer[]): Buffer {
  const whole = Buffer.allocUnsafeSlow(parts.reduce((sum, { length }) => sum + length, 0));
  let length = 0;
  for (const part of parts) {
    whole.set(part, length);
    length += part.length;
  }
  return whole;
}

/** One call, as undici tells of it. */
class Call implements Undici.Dispatcher.DispatchHandler {
  private controller: Undici.Dispatcher.DispatchController | undefined;
  private failure: Error | undefined;
  private stopListening = (): void => undefined;
  private readonly answer = new WholeAnswer();
  private bytes = 0;

  constructor(
    private readonly resolve: (answer: Answer) => void,
    private readonly reject: (error: Error) => void,
  ) {}

  endWith(signal: AbortSignalLike): void {
    const onAbort = (): void => this.fail(aborted());
    if (!('addEventListener' in signal)) return;
    signal.addEventListener('abort', onAbort, { once: true });
    this.stopListening = () => signal.removeEventListener('abort', onAbort);
  }

  onRequestStart(controller: Undici.Dispatcher.DispatchController): void {
    this.controller = controller;
    // It waited for a connection, and nobody waits for it any more.
    if (this.failure) controller.abort(this.failure);
  }

  onResponseStart(
    _controller: Undici.Dispatcher.DispatchController,
    statusCode: number,
    headers: Record<string, string | string[] | undefined>,
    reason = '',
  ): void {
    // Early hints, say: the real answer follows. (A 100 that nobody asked for is the end of a connection to undici.)
    if (statusCode < 200) return;
    Object.assign(this.answer, { statusCode, reason, headers: joined(headers) });
    if (Number(headers['content-length']) > MAX_BODY_BYTES) this.fail(tooLarge());
  }

  onResponseData(_controller: Undici.Dispatcher.DispatchController, chunk: Buffer): void {
    this.answer.add(chunk);
    this.bytes += chunk.length;
    if (this.bytes > MAX_BODY_BYTES) this.fail(tooLarge());
  }

  onResponseEnd(): void {
    this.stopListening();
    socketMemory.close(this.answer.parts);
    this.resolve({ response: this.answer });
  }

  onResponseError(_controller: Undici.Dispatcher.DispatchController | undefined, error: Error): void {
    this.stopListening();
    this.reject(this.failure ?? toSystemError(error));
  }

  private fail(error: Error): void {
    this.stopListening();
    this.failure = error;
    this.reject(error);
    this.controller?.abort(error);
  }
}

function pathOf({ path, query }: HttpRequest): string {
  const pairs = Object.entries(query ?? {}).flatMap(([name, value]) =>
    [value].flat().map((one) => `${encodeURIComponent(name)}${one === null ? '' : `=${encodeURIComponent(one)}`}`),
  );
  return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`;
}

function joined(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) texts[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return texts;
}

/** With names and codes that the SDK, and our own translation, know from Node's client. undici's classes are told by their codes. */
function toSystemError(error: Error & { readonly code?: unknown }): Error {
  const { code } = error;
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return named('TimeoutError', 'The connection took too long');
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT')
    return named('TimeoutError', 'The answer took too long');
  const isBrokenOff =
    code === 'UND_ERR_SOCKET' ||
    code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH' ||
    // The connection ended amid a body in chunks.
    error.name === 'HTTPParserError';
  return isBrokenOff ? Object.assign(new Error('The answer broke off'), { code: 'ECONNRESET' }) : error;
}

function aborted(): Error {
  return named('AbortError', 'Request aborted');
}

function named(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}

function tooLarge(): TidemarkError {
  const limit = `${MAX_BODY_BYTES / 1_024 / 1_024} MiB`;
  return new TidemarkError('INVALID_ANSWER', `AWS answered with more than ${limit}`);
}
