import type { FaultAction } from '../../support/scripted-kinesis';
import { startScriptedKinesis, type CborForm, type ScriptedKinesis } from '../../support/scripted-kinesis';
import { asksForCbor } from '../../support/scripted-kinesis/cbor';
import type { Page } from '../../../src/kinesis/kinesis-port';
import { adapterOn, comparable, readPlainly } from '../../support/page-contract';

const SHARD = 'shardId-000000000000';
const FROM_START = { type: 'TRIM_HORIZON' } as const;
const stream = { streamName: 'flights' };
const ARRIVAL_MS = Math.floor(Date.now() / 1_000) * 1_000 - 60_000 + 123;

let server: ScriptedKinesis;
let warnings: string[];

beforeEach(() => {
  warnings = [];
  jest.spyOn(process, 'emitWarning').mockImplementation((warning) => void warnings.push(String(warning)));
});

afterEach(async () => {
  jest.restoreAllMocks();
  await server.close();
});

async function open(cbor: CborForm | 'refused' = {}): Promise<string> {
  server = await startScriptedKinesis({ cbor });
  server.createStream('flights', 2);
  const payloads = ['plain', '', 'é\u0000"\\', 'x'.repeat(30_000)];
  payloads.forEach((data, index) =>
    server.put('flights', `key-é-${index}`, data, { arrivalMs: ARRIVAL_MS + index, shardId: SHARD }),
  );
  return adapterOn(server.endpoint, 'json').getShardIterator(stream, SHARD, FROM_START);
}

/** Which calls of GetRecords came in CBOR. */
function wires(): boolean[] {
  return server.requests.list('GetRecords').map(({ isCbor }) => isCbor);
}

function whenCbor(action: FaultAction, times?: number): { readonly hits: number } {
  return server.faults.add({ operation: 'GetRecords', when: asksForCbor, action, times });
}

describe('a page is the same, field by field, as the plain SDK reads it', () => {
  it.each([
    ['in the form of AWS', {}],
    ['with base64 texts and plain milliseconds, as kinesis-local', { data: 'base64', time: 'ms' }],
    ['with base64 texts and seconds with a fraction, as MiniStack', { data: 'base64', time: 'float seconds' }],
    ['of indefinite lengths', { indefinite: true }],
    ['of indefinite lengths, with base64 texts', { indefinite: true, data: 'base64' }],
  ] as [string, CborForm][])('%s', async (_, form) => {
    const iterator = await open(form);
    const expected = await readPlainly(server.endpoint, iterator, 100);
    expect(expected.records).toHaveLength(4);
    for (const wire of ['cbor', 'json', 'auto'] as const) {
      const page = await adapterOn(server.endpoint, wire).getRecords(stream, iterator, 100);
      expect(comparable(page)).toEqual(expected);
    }
    expect(wires()).toEqual([false, true, false, true]);
  });

  it('with whole seconds, as ferrokinesis sends them in CBOR', async () => {
    const iterator = await open({ time: 'seconds' });
    const { records } = await adapterOn(server.endpoint, 'cbor').getRecords(stream, iterator, 100);
    expect(records.map(({ arrivalMs }) => arrivalMs)).toEqual(Array.from({ length: 4 }, () => ARRIVAL_MS - 123));
  });

  it('at the end of a shard, with its children', async () => {
    await open();
    server.merge('flights', SHARD, 'shardId-000000000001');
    const iterator = await adapterOn(server.endpoint, 'json').getShardIterator(stream, SHARD, FROM_START);
    const expected = await readPlainly(server.endpoint, iterator, 100);
    expect(expected).toMatchObject({ hasNext: false, childShards: [{ parentShardIds: [SHARD, expect.anything()] }] });
    for (const wire of ['cbor', 'json'] as const)
      expect(comparable(await adapterOn(server.endpoint, wire).getRecords(stream, iterator, 100))).toEqual(expected);
  });
});

describe('errors in CBOR are what they are in JSON', () => {
  it.each([
    ['ExpiredIteratorException', undefined, 1],
    ['ResourceNotFoundException', undefined, 1],
    ['InvalidArgumentException', undefined, 1],
    ['AccessDeniedException', undefined, 1],
    ['KMSDisabledException', undefined, 1],
    ['KMSThrottlingException', undefined, 1],
    ['UnrecognizedClientException', undefined, 1],
    ['ExpiredTokenException', undefined, 1],
    ['ProvisionedThroughputExceededException', undefined, 3],
    ['LimitExceededException', undefined, 3],
    ['InternalFailureException', 500, 3],
    ['ServiceUnavailable', 503, 3],
  ])('%s (status %s), tried %i times', async (error, status, attempts) => {
    const iterator = await open();
    const fault = server.faults.add({ operation: 'GetRecords', action: { error, status, message: 'because' } });
    const failures: unknown[] = [];
    for (const wire of ['json', 'cbor', 'auto'] as const)
      failures.push(await adapterOn(server.endpoint, wire).getRecords(stream, iterator, 10).catch(described));
    expect(failures[1]).toEqual(failures[0]);
    expect(failures[2]).toEqual(failures[0]);
    expect(failures[0]).toMatchObject({ name: 'TidemarkError' });
    expect(fault.hits).toBe(3 * attempts);
    expect(wires()).toEqual([false, true, true].flatMap((isCbor) => Array.from({ length: attempts }, () => isCbor)));
    expect(warnings).toEqual([]);
  });

  function described(error: unknown): object {
    const { name, code, message } = error as { name: string; code: string; message: string };
    return { name, code, message: message.replace(/requestId=[\w-]+/, '') };
  }
});

describe('auto', () => {
  it('goes on in JSON for good once CBOR is refused, and says so once', async () => {
    const iterator = await open('refused');
    const kinesis = adapterOn(server.endpoint, 'auto');
    const pages = await Promise.all([1, 2].map(() => kinesis.getRecords(stream, iterator, 10)));
    pages.push(await kinesis.getRecords(stream, iterator, 10));
    expect(pages.map(({ records }) => records.length)).toEqual([4, 4, 4]);
    expect(warnings).toEqual([expect.stringContaining('status 404, no error of Kinesis')]);
    expect(wires()).toEqual([false, false, false]);
  });

  it.each([
    ['SerializationException', 400],
    ['UnknownOperationException', 400],
    ['com.amazon.coral.service#UnknownOperationException', 404],
    ['UnsupportedMediaTypeException', 415],
    ['SomethingElse', 415],
    ['', 400],
  ])('takes the error %j of status %i for a refusal', async (error, status) => {
    const iterator = await open();
    const refused = whenCbor({ error, status });
    const kinesis = adapterOn(server.endpoint, 'auto');
    for (const _ of [1, 2]) expect((await kinesis.getRecords(stream, iterator, 10)).records).toHaveLength(4);
    expect(refused.hits).toBe(1);
    expect(wires()).toEqual([true, false, false]);
  });

  it('goes on in JSON where CBOR is answered, but cannot be read', async () => {
    const iterator = await open();
    const damaged = whenCbor({ rewrite: () => ({ Records: 'none' }) });
    const kinesis = adapterOn(server.endpoint, 'auto');
    for (const _ of [1, 2]) expect((await kinesis.getRecords(stream, iterator, 10)).records).toHaveLength(4);
    expect(damaged.hits).toBe(1);
    expect(warnings).toHaveLength(1);
  });

  it.each([
    ['a refusal', { error: '', status: 404 }],
    ['a page that cannot be read', { rewrite: () => ({ Records: 'none' }) }],
  ] as [string, FaultAction][])('does not give up CBOR for %s once a page came in it', async (_, action) => {
    const iterator = await open();
    const kinesis = adapterOn(server.endpoint, 'auto');
    await kinesis.getRecords(stream, iterator, 10);
    const fault = whenCbor(action, 1);
    for (const _call of [1, 2]) expect((await kinesis.getRecords(stream, iterator, 10)).records).toHaveLength(4);
    expect(fault.hits).toBe(1);
    expect(wires()).toEqual([true, true, false, true]);
    expect(warnings).toEqual([]);
  });

  it('does not give up CBOR while JSON does not go better', async () => {
    const iterator = await open();
    const fault = server.faults.add({
      operation: 'GetRecords',
      times: 2,
      action: { error: 'UnknownOperationException', status: 404 },
    });
    const kinesis = adapterOn(server.endpoint, 'auto');
    await expect(kinesis.getRecords(stream, iterator, 10)).rejects.toMatchObject({ name: 'TidemarkError' });
    expect(fault.hits).toBe(2);
    await kinesis.getRecords(stream, iterator, 10);
    expect(wires()).toEqual([true, false, true]);
  });
});

describe('cbor', () => {
  it('never asks in JSON', async () => {
    const iterator = await open('refused');
    const failing = adapterOn(server.endpoint, 'cbor').getRecords(stream, iterator, 10);
    await expect(failing).rejects.toMatchObject({ code: 'KINESIS_UNAVAILABLE' });
    expect(server.requests.count('GetRecords')).toBe(0);
  });

  it('says that a page cannot be read', async () => {
    const iterator = await open();
    whenCbor({ rewrite: () => ({ Records: 'secret' }) });
    const error: unknown = await adapterOn(server.endpoint, 'cbor')
      .getRecords(stream, iterator, 10)
      .catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'INVALID_ANSWER' });
    expect(`${String(error)}${JSON.stringify(error)}`).not.toContain('secret');
  });

  it('asks again for a page that broke off', async () => {
    const iterator = await open();
    const broken = whenCbor({ truncateReply: true }, 2);
    const page = await adapterOn(server.endpoint, 'cbor').getRecords(stream, iterator, 10);
    expect(page.records).toHaveLength(4);
    expect(broken.hits).toBe(2);
  });

  it('names the stream and the limit as JSON does', async () => {
    const iterator = await open();
    const streamArn = server.createStream('ships', 1).arn;
    const handle = { streamName: 'flights', streamArn };
    for (const wire of ['json', 'cbor'] as const)
      await adapterOn(server.endpoint, wire).getRecords(handle, iterator, 300);
    const bodies = server.requests.list('GetRecords').map(({ body }) => body);
    expect(bodies[1]).toEqual(bodies[0]);
    expect(bodies[0]).toEqual({ ShardIterator: iterator, Limit: 300, StreamARN: streamArn });
  });
});

it.each(['cbor', 'json'] as const)(
  'over %s a page stays as it is while others come and are given back, and is empty once it is given back itself',
  async (wire) => {
    server = await startScriptedKinesis({ cbor: {} });
    server.createStream('flights', 1);
    // In the last ones a payload is larger than a piece.
    const sizes = [10, 900, 900, 0, 60_000, 70_000, 5, 200_000, 140_000, 900];
    for (const [index, size] of sizes.entries()) server.put('flights', `key-${index}`, `${index}`.padEnd(size, 'x'));
    const kinesis = adapterOn(server.endpoint, wire);
    const iterator = await kinesis.getShardIterator(stream, SHARD, FROM_START);
    const read = async (limit: number): Promise<Page> => kinesis.getRecords(stream, iterator, limit);
    const textsOf = ({ records }: Page): string[] => records.map(({ data }) => Buffer.from(data).toString());
    const expected = sizes.map((size, index) => `${index}`.padEnd(size, 'x'));
    const kept = await read(10);
    for (const limit of [3, 10, 6, 9]) {
      const page = await read(limit);
      expect(textsOf(page)).toEqual(expected.slice(0, limit));
      expect(page.memory?.bytes).toBeGreaterThanOrEqual(textsOf(page).join('').length);
      page.memory?.giveBack();
    }
    expect(textsOf(kept)).toEqual(expected);
    kept.memory?.giveBack();
    expect(kept.records[1]?.data).toHaveLength(0);
  },
);
