import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createHttp2Server, type Http2Server } from 'node:http2';
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { AwsError } from './aws-error';
import { asksForCbor, cborReply, decodeCborRequest, type CborForm } from './cbor';
import { FaultRules, type FaultAction } from './fault-rules';
import { isObject, jsonReply, parseObject, readJsonRequest, type JsonReply, type JsonRequest } from './json-request';
import { RequestLog } from './request-log';
import { acceptEither } from './two-protocols';

export interface JsonServerOptions {
  /** Executes one request. An AwsError becomes an answer; anything else breaks the connection. */
  execute: (request: JsonRequest) => JsonReply | Promise<JsonReply>;
  /** Forwards a delayed copy of a request; without it `replayAfterMs` executes the request again. */
  replay?: (request: JsonRequest) => Promise<unknown>;
  nowMs: () => number;
  /** How GetRecords is answered in CBOR when a client asks for it; 'refused' as by an endpoint that knows JSON alone. Default: nothing is done. */
  cbor?: () => CborForm | 'refused';
  /** HTTPS with this certificate. Default: plain HTTP. */
  tls?: { readonly key: string; readonly cert: string };
}

/** What both test servers offer besides their own controls. */
export interface FaultyServer {
  readonly endpoint: string;
  readonly faults: FaultRules;
  readonly requests: RequestLog;
  /** While on, open connections are destroyed and new ones are reset at once. */
  outage(on: boolean): void;
  /** Destroys every connection and cancels delayed work; nothing keeps the process alive afterwards. */
  close(): Promise<void>;
}

/** A server of HTTP/1.1 and cleartext HTTP/2 on a free loopback port that passes every request through fault rules. */
export async function startJsonServer(options: JsonServerOptions): Promise<FaultyServer> {
  const server = new FaultyJsonServer(options);
  await server.listen();
  return server;
}

/** As AWS answers a content type that it does not know. */
const REFUSAL: JsonReply = { status: 404, headers: {}, body: Buffer.from('<UnknownOperationException/>\n') };

class FaultyJsonServer implements FaultyServer {
  readonly faults = new FaultRules();
  readonly requests = new RequestLog();
  private readonly closing = new AbortController();
  private readonly http1: Server;
  private readonly http2: Http2Server;
  /** Hands each connection to the server of what its first byte begins. */
  private readonly front: TcpServer;
  private readonly sockets = new Set<Socket>();
  private isOut = false;

  constructor(private readonly options: JsonServerOptions) {
    // A short keep-alive would close idle connections under a client that is about to use them.
    const listener = (message: IncomingMessage, response: ServerResponse): void =>
      void this.serve(message, response).catch(() => message.socket.destroy());
    const settings = { keepAliveTimeout: 120_000, requestTimeout: 0 };
    this.http1 = options.tls
      ? createTlsServer({ ...settings, ...options.tls }, listener)
      : createServer(settings, listener);
    // Its messages have what is used here of HTTP/1.1's.
    this.http2 = createHttp2Server((message, response) => {
      const [like, answer] = [message, response] as unknown as [IncomingMessage, ServerResponse];
      this.serve(like, answer).catch(() => message.stream.session?.destroy());
    });
    this.http2.on('sessionError', () => undefined);
    this.front = createTcpServer((socket) => this.accept(socket));
  }

  get endpoint(): string {
    return `${this.options.tls ? 'https' : 'http'}://127.0.0.1:${(this.front.address() as AddressInfo).port}`;
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.front.once('error', reject);
      this.front.listen(0, '127.0.0.1', resolve);
    });
  }

  outage(on: boolean): void {
    this.isOut = on;
    if (on) this.destroySockets();
  }

  async close(): Promise<void> {
    if (this.closing.signal.aborted) return;
    this.closing.abort();
    const closed = new Promise<void>((resolve) => this.front.close(() => resolve()));
    this.destroySockets();
    await closed;
  }

  private accept(socket: Socket): void {
    if (this.isOut) return void socket.resetAndDestroy();
    this.sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => this.sockets.delete(socket));
    if (this.options.tls) return void this.http1.emit('connection', socket);
    acceptEither(socket, this.http1, this.http2);
  }

  private destroySockets(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  private async serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const received = await readJsonRequest(message);
    // Neither counted nor met by a fault: rules and figures are the same on either wire.
    if (asksForCbor(received) && this.options.cbor?.() === 'refused') return this.send(response, REFUSAL, false);
    const request = this.understood(received);
    this.requests.record(request, this.options.nowMs());
    const action = this.faults.take(request) ?? {};
    if (action.delayMs !== undefined) await this.wait(action.delayMs);
    if (action.hang) return;
    if (action.dropRequest) return void message.socket.destroy();
    const reply = this.inForm(request, await this.answer(request, action));
    if (action.delayReplyMs !== undefined) await this.wait(action.delayReplyMs);
    if (action.dropReply) return void message.socket.destroy();
    this.send(response, reply, action.truncateReply ?? false);
  }

  private understood(request: JsonRequest): JsonRequest {
    return this.options.cbor && asksForCbor(request) ? { ...request, body: decodeCborRequest(request.bytes) } : request;
  }

  private inForm(request: JsonRequest, reply: JsonReply): JsonReply {
    const form = asksForCbor(request) ? this.options.cbor?.() : undefined;
    return form === undefined || form === 'refused' ? reply : cborReply(reply, form);
  }

  private async answer(request: JsonRequest, action: FaultAction): Promise<JsonReply> {
    if (action.error !== undefined) {
      const fault = new AwsError(action.error, action.message ?? 'Injected by a fault rule.', action.status);
      return jsonReply(fault.status, fault.toBody());
    }
    const reply = await this.execute(action.rewriteRequest ? withBody(request, action.rewriteRequest) : request);
    if (action.replayAfterMs !== undefined) this.replayLater(request, action.replayAfterMs);
    return action.rewrite === undefined ? reply : rewriteBody(reply, request, action.rewrite);
  }

  private async execute(request: JsonRequest): Promise<JsonReply> {
    try {
      return await this.options.execute(request);
    } catch (error) {
      if (error instanceof AwsError) return jsonReply(error.status, error.toBody());
      throw error;
    }
  }

  private replayLater(request: JsonRequest, delayMs: number): void {
    const replay = this.options.replay ?? ((again: JsonRequest) => this.execute(again));
    // The copy's answer is discarded, whatever it is.
    this.wait(delayMs)
      .then(() => replay(request))
      .catch(() => undefined);
  }

  private send(response: ServerResponse, reply: JsonReply, truncate: boolean): void {
    response.sendDate = false;
    response.writeHead(reply.status, {
      'x-amzn-requestid': randomUUID(),
      date: new Date(this.options.nowMs()).toUTCString(),
      ...reply.headers,
      ...(reply.stream ? {} : { 'content-length': reply.body.length }),
    });
    if (reply.stream) return reply.stream(response);
    if (!truncate) return void response.end(reply.body);
    response.write(reply.body.subarray(0, Math.floor(reply.body.length / 2)), () => response.socket?.destroy());
  }

  private wait(delayMs: number): Promise<void> {
    return sleep(delayMs, undefined, { signal: this.closing.signal });
  }
}

function withBody(request: JsonRequest, rewrite: NonNullable<FaultAction['rewriteRequest']>): JsonRequest {
  const body = rewrite(request.body);
  return { ...request, body, bytes: Buffer.from(JSON.stringify(body)) };
}

function rewriteBody(reply: JsonReply, request: JsonRequest, rewrite: NonNullable<FaultAction['rewrite']>): JsonReply {
  const rewritten: unknown = rewrite(parseObject(reply.body), request);
  return { ...reply, body: Buffer.from(isObject(rewritten) ? JSON.stringify(rewritten) : '') };
}
