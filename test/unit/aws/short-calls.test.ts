import { KinesisClient } from '@aws-sdk/client-kinesis';
import { createKinesisClient } from '../../../src/aws/clients';
import { AwsKinesis } from '../../../src/kinesis/aws-kinesis';
import type { Page } from '../../../src/kinesis/kinesis-port';
import { eventually } from '../../support/eventually';
import { startScriptedKinesis, type FaultAction, type ScriptedKinesis } from '../../support/scripted-kinesis';
import { asksForCbor } from '../../support/scripted-kinesis/cbor';
import type { JsonRequest } from '../../support/scripted-kinesis/json-request';
import { verifiedSignature } from '../../support/verified-signature';

const SHARD = 'shardId-000000000000';
const FROM_START = { type: 'TRIM_HORIZON' } as const;
const SECRET = 'secret';
const CREDENTIALS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: SECRET };
const stream = { streamName: 'flights' };

let server: ScriptedKinesis;
let client: KinesisClient;
let kinesis: AwsKinesis;
let iterator: string;
/** Requests of GetRecords, from the first one that goes the short way. */
let seen: JsonRequest[];
/** Runs of the SDK's whole stack for GetRecords. */
let whole: number;

beforeEach(async () => {
  server = await startScriptedKinesis({ cbor: {} });
  server.createStream('flights', 1);
  server.put('flights', 'key', 'data');
  await open(createKinesisClient({ region: 'us-east-1', credentials: CREDENTIALS, kinesisEndpoint: server.endpoint }));
});

afterEach(() => server.close());

/** A client that has made its first call. */
async function open(made: KinesisClient): Promise<void> {
  client = made;
  kinesis = new AwsKinesis(client, { wire: 'auto' });
  iterator = await kinesis.getShardIterator(stream, SHARD, FROM_START);
  await read();
  seen = [];
  whole = 0;
  server.faults.clear();
  server.faults.add({ operation: 'GetRecords', when: (request) => seen.push(request) === 0, action: {} });
  client.middlewareStack.add(
    (next, { commandName }) =>
      (args) => {
        if (commandName === 'GetRecordsCommand') whole += 1;
        return next(args);
      },
    { step: 'initialize', name: 'count', override: true },
  );
}

function read(signal?: AbortSignal): Promise<Page> {
  return kinesis.getRecords(stream, iterator, 10, signal);
}

/** The next answers, of those that are asked for while `when` holds. */
function fault(action: FaultAction, times = 1, when: (request: JsonRequest) => boolean = () => true): { hits: number } {
  // Rules are asked in order, and the one that notes requests never applies.
  return server.faults.add({ operation: 'GetRecords', times, when, action });
}

function signatures(): { accessKeyId: string; atMs: number }[] {
  return seen.map((request) => verifiedSignature(request, SECRET));
}

describe('after its first call', () => {
  it('a page comes without the whole stack, rightly signed', async () => {
    for (const _ of [1, 2, 3]) expect((await read()).records).toHaveLength(1);
    expect(whole).toBe(0);
    expect(signatures().map(({ accessKeyId }) => accessKeyId)).toEqual(Array.from({ length: 3 }, () => 'AKIDEXAMPLE'));
  });

  it('a request is what the SDK itself would send', async () => {
    await read();
    const again = new AwsKinesis(client, { wire: 'auto' });
    await again.getRecords(stream, iterator, 10);
    expect(whole).toBe(1);
    const [short, long] = seen.map(({ headers, bytes, path, method }) => ({ headers, bytes, path, method }));
    const own = ['authorization', 'x-amz-date', 'amz-sdk-invocation-id'];
    for (const name of own) expect(typeof short?.headers[name]).toBe(typeof long?.headers[name]);
    const ownless = (request: typeof short): object => ({
      ...request,
      headers: Object.entries(request?.headers ?? {}).filter(([name]) => !own.includes(name)),
    });
    expect(ownless(short)).toEqual({
      ...ownless(long),
      headers: expect.arrayContaining((ownless(long) as { headers: unknown[] }).headers),
    });
    expect(short?.headers['amz-sdk-invocation-id']).not.toBe(long?.headers['amz-sdk-invocation-id']);
  });

  it.each([
    ['an error of the service', { error: 'InternalFailureException', status: 500 }],
    ['throttling', { error: 'ProvisionedThroughputExceededException' }],
    ['a page that breaks off', { truncateReply: true }],
    ['a connection that breaks', { dropReply: true }],
  ] as [string, FaultAction][])('%s is met by the SDK’s three attempts, not one more', async (_, action) => {
    const twice = fault(action, 2);
    expect((await read()).records).toHaveLength(1);
    expect({ hits: twice.hits, requests: seen.length, whole }).toEqual({ hits: 2, requests: 3, whole: 1 });
    fault(action, 99);
    await expect(read()).rejects.toMatchObject({ name: 'TidemarkError' });
    expect(seen).toHaveLength(6);
    signatures();
  });

  it('an error that no retry mends is the SDK’s, after one request', async () => {
    fault({ error: 'ExpiredIteratorException', message: 'Iterator expired.' });
    const error: unknown = await read().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'ITERATOR_EXPIRED' });
    expect(String(error)).toContain('Iterator expired');
    expect(seen).toHaveLength(1);
  });

  it('calls that go well give back what may be retried', async () => {
    const strategy = (await client.config.retryStrategy()) as unknown as { getCapacity(): number };
    const full = strategy.getCapacity();
    fault({ error: 'InternalFailureException', status: 500 }, 3);
    await expect(read()).rejects.toThrow();
    const spent = full - strategy.getCapacity();
    expect(spent).toBeGreaterThan(5);
    for (let index = 0; index < 5; index += 1) await read();
    expect(strategy.getCapacity()).toBe(full - spent + 5);
  });

  it('CBOR that is refused is asked for again in JSON', async () => {
    const fresh = new AwsKinesis(client, { wire: 'auto' });
    const empty = await kinesis.getShardIterator(stream, SHARD, { type: 'AT_TIMESTAMP', timestampMs: server.now() });
    // An empty page proves nothing of CBOR.
    server.faults.add({ times: 1, action: { rewrite: (page) => ({ ...page, Records: [] }) } });
    await fresh.getRecords(stream, empty, 10);
    fault({ error: 'UnknownOperationException', status: 404 }, 1, asksForCbor);
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const pages = [await fresh.getRecords(stream, iterator, 10), await fresh.getRecords(stream, iterator, 10)];
    expect(pages.map(({ records }) => records.length)).toEqual([1, 1]);
    expect(warned).toHaveBeenCalledTimes(1);
    warned.mockRestore();
    expect(seen.map(asksForCbor)).toEqual([true, true, false, false]);
    signatures();
  });

  it('the adaptive retry mode, which decides when a call may leave, is left to the SDK', async () => {
    const { endpoint } = server;
    await open(new KinesisClient({ region: 'us-east-1', endpoint, credentials: CREDENTIALS, retryMode: 'adaptive' }));
    for (const _ of [1, 2]) expect((await read()).records).toHaveLength(1);
    expect(whole).toBe(2);
  });
});

describe('calls at the same time', () => {
  it('are each other’s in nothing: one is cancelled, one fails, one is slow', async () => {
    const cancel = new AbortController();
    const calls = Array.from({ length: 20 }, (_, index) =>
      kinesis.getRecords(stream, iterator, 100 + index, index === 3 ? cancel.signal : undefined).then(
        ({ records }) => records.length,
        (error: unknown) => (error as { code: string }).code,
      ),
    );
    fault({ hang: true }, 1, ({ bytes }) => limitOf(bytes) === 103);
    fault({ error: 'AccessDeniedException' }, 1, ({ bytes }) => limitOf(bytes) === 105);
    fault({ delayMs: 100 }, 1, ({ bytes }) => limitOf(bytes) === 107);
    await eventually(() => seen.length >= 20, { what: 'all requests' });
    cancel.abort();
    const outcomes = await Promise.all(calls);
    const expected = Array.from({ length: 20 }, (_, index) =>
      index === 3 ? 'KINESIS_UNAVAILABLE' : index === 5 ? 'ACCESS_DENIED' : 1,
    );
    expect(outcomes).toEqual(expected);
    expect(seen).toHaveLength(20);
    signatures();
  });

  function limitOf(bytes: Buffer): number {
    return bytes.readUInt8(bytes.indexOf('Limit') + 6);
  }

  it('a call whose signal has aborted is not sent', async () => {
    await expect(read(AbortSignal.abort())).rejects.toMatchObject({
      code: 'KINESIS_UNAVAILABLE',
      message: expect.stringContaining('cancelled'),
    });
    expect(seen).toEqual([]);
  });
});

describe('credentials', () => {
  it('are asked for anew when they expire, session token and all', async () => {
    let made = 0;
    const credentials = async (): Promise<object> => {
      made += 1;
      // The SDK renews what expires within five minutes.
      const expiration = new Date(Date.now() + (made === 2 ? 3_600_000 : 60_000));
      const temporary = made === 2 ? {} : { sessionToken: `token ${made}` };
      return { accessKeyId: `KEY${made}`, secretAccessKey: SECRET, expiration, ...temporary };
    };
    const aws = { region: 'us-east-1', credentials, kinesisEndpoint: server.endpoint };
    await open(createKinesisClient(aws as Parameters<typeof createKinesisClient>[0]));
    await read();
    expect(whole).toBe(0);
    expect(signatures()).toEqual([expect.objectContaining({ accessKeyId: 'KEY2' })]);
    expect(seen[0]?.headers['x-amz-security-token']).toBeUndefined();
  });

  it('that cannot be had fail as they do in the SDK, and nothing is sent', async () => {
    let isOut = false;
    const credentials = async (): Promise<object> => {
      if (isOut) throw Object.assign(new Error('no'), { name: 'CredentialsProviderError' });
      return { ...CREDENTIALS, expiration: new Date(Date.now() + 1_000) };
    };
    const aws = { region: 'us-east-1', credentials, kinesisEndpoint: server.endpoint };
    await open(createKinesisClient(aws as Parameters<typeof createKinesisClient>[0]));
    isOut = true;
    await expect(read()).rejects.toMatchObject({ code: 'CREDENTIALS_MISSING' });
    expect(seen).toEqual([]);
    isOut = false;
    expect((await read()).records).toHaveLength(1);
  });
});

describe('the clock', () => {
  it('of the service is learnt from each answer, and signed with', async () => {
    server.setClock(Date.now() + 120_000);
    for (const _ of [1, 2]) await read();
    const [first, second] = signatures();
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThan(100_000);
    expect(whole).toBe(0);
  });

  it('is put right by the SDK after a refusal, with one more request', async () => {
    // Above what the SDK takes for a skew, and below what an iterator lives.
    server.setClock(Date.now() + 280_000);
    fault({ error: 'InvalidSignatureException', message: 'Signature expired' });
    await read();
    expect(seen).toHaveLength(2);
    const [refused, corrected] = signatures();
    expect((corrected?.atMs ?? 0) - (refused?.atMs ?? 0)).toBeGreaterThan(270_000);
    await read();
    expect(signatures().at(-1)?.atMs).toBeGreaterThanOrEqual(corrected?.atMs ?? NaN);
    expect(seen).toHaveLength(3);
  });
});

it('never puts a page in CBOR together', async () => {
  const answers: object[] = [];
  const { requestHandler } = client.config;
  const handle = requestHandler.handle.bind(requestHandler);
  jest.spyOn(requestHandler, 'handle').mockImplementation(async (...call: Parameters<typeof handle>) => {
    const answer = (await handle(...call)) as { response: object };
    answers.push(answer.response);
    return answer;
  });
  await read();
  expect(answers.map((answer) => 'whole' in answer && answer.whole)).toEqual([Buffer.from('{}')]);
});
