/**
 * The race's own Kinesis: as much of it as all contestants need, in JSON and in CBOR, over HTTP/1.1 and over HTTP/2 without TLS, from memory.
 * Beyond AWS's operations it has `Release`, which makes a backlog appear in a stream all at once, and `CountPolls`.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { createServer as createFront, type AddressInfo } from 'node:net';
import { AwsError } from '../../../test/support/scripted-kinesis/aws-error';
import { CBOR_TYPE, encodeCbor } from '../../../test/support/scripted-kinesis/cbor';
import type { JsonObject } from '../../../test/support/scripted-kinesis/json-request';
import { acceptEither } from '../../../test/support/scripted-kinesis/two-protocols';
import { obeyParent, tellParent } from '../../programs/parent';
import { pageBody, type PageForm } from './pages';
import { RaceStream } from './race-stream';
import { readParameters } from './request-body';
import { StreamConsumers } from './stream-consumers';

const MAX_PAGE_RECORDS = 10_000;
const streams = new Map<string, RaceStream>();
const polls = new Map<string, number>();
const consumers = new StreamConsumers();

/** An answer's content; its bytes; or what writes it, for as long as it likes. */
type Answer = JsonObject | Buffer | ((response: ServerResponse) => void);

const operations: Record<string, (body: JsonObject, form: PageForm) => Answer> = {
  CreateStream: ({ StreamName, ShardCount }) => {
    streams.set(String(StreamName), new RaceStream(String(StreamName), Number(ShardCount)));
    return {};
  },
  DescribeStreamSummary: (body) => ({ StreamDescriptionSummary: streamOf(body).summary() }),
  ListShards: (body) => ({ Shards: streamOf(body).listShards() }),
  GetShardIterator: (body) => {
    const { index } = streamOf(body).shard(String(body.ShardId));
    const first = streamOf(body).firstOrdinal(String(body.ShardIteratorType), body.StartingSequenceNumber, index);
    return { ShardIterator: `${nameOf(body)}:${index}:${first}` };
  },
  GetRecords: getRecords,
  PutRecords: (body) => {
    const stream = streamOf(body);
    const entries = body.Records as readonly { Data: string; PartitionKey: string }[];
    return { FailedRecordCount: 0, Records: entries.map(({ Data, PartitionKey }) => stream.put(Data, PartitionKey)) };
  },
  RegisterStreamConsumer: (body) => consumers.register(streamOf(body), body),
  DescribeStreamConsumer: (body) => consumers.find(body, () => streamOf(body)),
  SubscribeToShard: (body) => consumers.subscribe(body),
  Release: (body) => {
    for (const shard of streamOf(body).shards) shard.release(Number(body.RecordsPerShard));
    return {};
  },
  CountPolls: (body) => ({ Polls: polls.get(nameOf(body)) ?? 0 }),
};

function getRecords({ ShardIterator, Limit }: JsonObject, form: PageForm): Buffer {
  const [name = '', index = '0', first = '0'] = String(ShardIterator).split(':');
  polls.set(name, (polls.get(name) ?? 0) + 1);
  const limit = typeof Limit === 'number' ? Math.min(Limit, MAX_PAGE_RECORDS) : MAX_PAGE_RECORDS;
  const page = streamOf({ StreamName: name }).shards[Number(index)]?.page(form, Number(first), limit);
  if (!page) throw new AwsError('ResourceNotFoundException', 'no such shard');
  const { next, count, records, isAtTip } = page;
  const head = { MillisBehindLatest: isAtTip ? 0 : 60_000, NextShardIterator: `${name}:${index}:${next}` };
  return pageBody(form, head, records, count);
}

function nameOf({ StreamName, StreamARN }: JsonObject): string {
  return typeof StreamName === 'string' ? StreamName : (String(StreamARN).split('/')[1] ?? '');
}

function streamOf(body: JsonObject): RaceStream {
  const stream = streams.get(nameOf(body));
  if (!stream) throw new AwsError('ResourceNotFoundException', `no stream ${nameOf(body)}`);
  return stream;
}

async function serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  const form = message.headers['content-type'] === CBOR_TYPE ? 'cbor' : 'json';
  const operation = String(message.headers['x-amz-target']).split('.')[1] ?? '';
  const encode = (value: unknown): Buffer => (form === 'cbor' ? encodeCbor(value) : Buffer.from(JSON.stringify(value)));
  const reply = (status: number, body: Buffer): void => {
    const type = form === 'cbor' ? CBOR_TYPE : 'application/x-amz-json-1.1';
    response.writeHead(status, { 'content-type': type, 'content-length': body.length, 'x-amzn-requestid': 'race' });
    response.end(body);
  };
  try {
    const execute = operations[operation];
    if (!execute) throw new AwsError('UnknownOperationException', `no operation ${operation} here`);
    const answer = execute(readParameters(Buffer.concat(chunks), form === 'cbor'), form);
    if (typeof answer === 'function') return push(response, answer);
    reply(200, Buffer.isBuffer(answer) ? answer : encode(answer));
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    reply(error.status, encode(JSON.parse(String(JSON.stringify(error.toBody())))));
  }
}

function push(response: ServerResponse, write: (response: ServerResponse) => void): void {
  response.writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream', 'x-amzn-requestid': 'race' });
  write(response);
}

function listener(message: IncomingMessage, response: ServerResponse): void {
  serve(message, response).catch((error: unknown) => {
    console.error(error);
    message.socket.destroy();
  });
}

const http1 = createServer({ keepAliveTimeout: 120_000, requestTimeout: 0 }, listener);
// Its messages have what is used here of HTTP/1.1's.
const http2 = createHttp2Server((message, response) =>
  listener(message as unknown as IncomingMessage, response as unknown as ServerResponse),
);
http2.on('sessionError', () => undefined);
const front = createFront((socket) => {
  socket.on('error', () => undefined);
  acceptEither(socket, http1, http2);
});
front.listen(0, '127.0.0.1', () => {
  obeyParent(({ kind }) => kind === 'stop' && process.exit(0));
  tellParent({ kind: 'ready', endpoint: `http://127.0.0.1:${(front.address() as AddressInfo).port}` });
});
