import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { WholeBodyHandler } from '../../../src/aws/http-handler';

type Serve = (response: ServerResponse, message: IncomingMessage) => unknown;

let serve: Serve;
let server: Server;
let sockets: Set<unknown>;
let handler: WholeBodyHandler;

beforeAll(async () => {
  server = createServer((message, response) => {
    sockets.add(message.socket);
    message.resume().on('end', () => void serve(response, message));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

beforeEach(() => {
  sockets = new Set();
  handler = new WholeBodyHandler(5_000);
});

afterEach(() => handler.destroy());

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

type HandledRequest = Parameters<WholeBodyHandler['handle']>[0];
type Handled = ReturnType<WholeBodyHandler['handle']>;

function call(more: object = {}, signal?: AbortSignal): Handled {
  const { port } = server.address() as AddressInfo;
  const request = {
    protocol: 'http:',
    hostname: '127.0.0.1',
    port,
    path: '/',
    method: 'POST',
    headers: {},
    body: '{}',
  };
  return handler.handle(Object.assign(request, more) as HandledRequest, signal ? { abortSignal: signal } : {});
}

async function failureOf(handled: Handled): Promise<unknown> {
  return handled.then(
    () => undefined,
    (error: unknown) => error,
  );
}

it('gives status, headers and the whole body, in memory of its own', async () => {
  const sent = Buffer.alloc(300_000, 'abc');
  serve = (response) => response.writeHead(429, { 'content-length': sent.length, 'x-a': ['1', '2'] }).end(sent);
  const { response } = await call();
  expect(response).toMatchObject({ statusCode: 429, reason: 'Too Many Requests', headers: { 'x-a': '1, 2' } });
  const body = response.body as Buffer;
  expect(body.equals(sent)).toBe(true);
  expect(body.buffer.byteLength).toBe(sent.length);
});

it('takes a body whose length nobody has announced, and none', async () => {
  serve = (response) => {
    response.write('first ');
    setTimeout(() => response.end('second'), 20);
  };
  expect(String((await call()).response.body)).toBe('first second');
  serve = (response) => response.writeHead(204).end();
  expect((await call()).response).toMatchObject({ statusCode: 204, body: Buffer.alloc(0) });
});

it('sends what it is given', async () => {
  let seen = '';
  serve = (response, { method, url, headers }) => {
    seen = `${method} ${url} ${headers['x-amz-target'] as string} ${headers['content-length']}`;
    response.end();
  };
  const headers = { 'x-amz-target': 'Kinesis_20131202.GetRecords', 'content-length': '5' };
  await call({ path: '/a', query: { b: ['c d', 'e'], f: null }, headers, body: Buffer.from('12345') });
  expect(seen).toBe('POST /a?b=c%20d&b=e&f Kinesis_20131202.GetRecords 5');
});

it('keeps its connections', async () => {
  serve = (response) => response.end('x');
  for (let count = 0; count < 20; count += 1) await call();
  // undici leaves one alone for a turn of the loop after an answer, in case the server closes it.
  expect(sockets.size).toBeLessThanOrEqual(2);
});

it.each<[string, Serve]>([
  ['in its body', (response) => response.writeHead(200, { 'content-length': 9 }).write('x', () => response.destroy())],
  ['in a body of unknown length', (response) => response.write('x', () => response.destroy())],
  [
    'in a chunk of a connection that is to be closed',
    ({ socket }) => socket?.end('HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n9\r\nx'),
  ],
  ['before its head', (response) => response.destroy()],
])('fails with a code that lets the SDK repeat the call where an answer breaks off %s', async (_where, breaking) => {
  serve = breaking;
  expect(await failureOf(call())).toMatchObject({ code: 'ECONNRESET' });
});

it.each<[string, Serve]>([
  ['the headers', () => undefined],
  ['the rest of a body', (response) => response.writeHead(200, { 'content-length': 9 }).write('x')],
])('does not wait for ever for %s', async (_what, stalling) => {
  serve = stalling;
  handler.destroy();
  handler = new WholeBodyHandler(100);
  expect(await failureOf(call())).toMatchObject({ name: 'TimeoutError' });
});

it.each<[string, Serve]>([
  ['before its head', () => undefined],
  ['in its body', (response) => response.writeHead(200, { 'content-length': 9 }).write('x')],
])('ends a call that its signal aborts %s, and its connection', async (_where, stalling) => {
  const closed = new Promise<void>((resolve) => {
    serve = (response) => {
      response.once('close', resolve);
      stalling(response, response.req);
    };
  });
  const controller = new AbortController();
  const failure = failureOf(call({}, controller.signal));
  while (sockets.size === 0) await sleep(5);
  controller.abort();
  expect(await failure).toMatchObject({ name: 'AbortError' });
  await closed;
});

it('does not begin a call whose signal has aborted', async () => {
  expect(await failureOf(call({}, AbortSignal.abort()))).toMatchObject({ name: 'AbortError' });
  expect(sockets.size).toBe(0);
});

it('refuses an answer that is larger than any of AWS, announced or not', async () => {
  serve = (response) => response.writeHead(200, { 'content-length': 65 * 1_024 * 1_024 }).write('x');
  expect(await failureOf(call())).toMatchObject({ code: 'INVALID_ANSWER' });
  const part = Buffer.alloc(1_024 * 1_024);
  serve = (response) => {
    const more = (): unknown => !response.destroyed && response.write(part, more);
    more();
  };
  expect(await failureOf(call())).toMatchObject({ code: 'INVALID_ANSWER' });
});

it('sends nothing once it is destroyed, not even as its first call', async () => {
  let calls = 0;
  serve = (response) => {
    calls += 1;
    response.end('late');
  };
  handler.destroy();
  expect(await failureOf(call())).toBeInstanceOf(Error);
  expect(calls).toBe(0);
});

it('fails what is under way when it is destroyed', async () => {
  serve = () => undefined;
  const failure = failureOf(call());
  while (sockets.size === 0) await sleep(5);
  handler.destroy();
  expect(await failure).toBeInstanceOf(Error);
});
