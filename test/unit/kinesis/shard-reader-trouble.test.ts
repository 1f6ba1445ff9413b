import { NEVER, readTexts, ReaderScene, SHARD } from './shard-reader-scene';

const OPERATIONS = ['GetShardIterator', 'DescribeStreamSummary', 'GetRecords'];
const ALL = Array.from({ length: 40 }, (_, index) => `record ${index}`);

let scene: ReaderScene;

beforeEach(async () => {
  scene = await ReaderScene.open();
});

afterEach(() => scene.close());

const throttles = ['ProvisionedThroughputExceededException', 'LimitExceededException', 'KMSThrottlingException'];

it.each(throttles)('waits out %s of every call, with growing waits, and loses nothing', async (error) => {
  const faults = OPERATIONS.map((operation) => scene.server.faults.add({ operation, times: 4, action: { error } }));
  scene.put(...ALL);
  expect(await readTexts(scene.reader({ limit: 15 }), ALL.length)).toEqual(ALL);
  expect(faults.map(({ hits }) => hits)).toEqual([4, 4, 4]);
  expect(scene.waitsMs.slice(0, 12)).toEqual([25, 50, 100, 200, 400, 800, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000]);
  expect(scene.troubles.filter((code) => code !== 'THROUGHPUT_EXCEEDED')).toEqual(['ok']);
});

it.each([25, 50, 75])('keeps every record once and in order while %i % of the calls are throttled', async (percent) => {
  let state = 1;
  const throttle = scene.server.faults.add({
    when: () => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) / 2 ** 32 < percent / 100,
    action: { error: 'ProvisionedThroughputExceededException' },
  });
  scene.put(...ALL);
  expect(await readTexts(scene.reader({ limit: 3 }), ALL.length)).toEqual(ALL);
  expect(throttle.hits).toBeGreaterThan(2);
});

const outages = {
  'is dropped': { dropRequest: true },
  'loses its answer': { dropReply: true },
  'breaks off half-way': { truncateReply: true },
  'answers 500': { error: 'InternalFailure', status: 500 },
  'answers 503': { error: 'ServiceUnavailable', status: 503 },
};

describe.each(Object.entries(outages))('a call that %s', (_, action) => {
  it.each([...OPERATIONS, 'ListShards'])('is made again: %s', async (operation) => {
    const fault = scene.server.faults.add({ operation, times: 2, action });
    scene.server.faults.add({
      operation: 'GetRecords',
      action: { rewrite: (page) => ({ ...page, ChildShards: [] }) },
    });
    scene.put('a', 'b', 'c');
    scene.server.split('flights', SHARD);
    expect(await readTexts(scene.reader({ limit: 2 }), 4)).toEqual(['a', 'b', 'c']);
    expect(fault.hits).toBe(2);
    expect(scene.troubles).toEqual(['KINESIS_UNAVAILABLE', 'KINESIS_UNAVAILABLE', 'ok']);
  });
});

it('goes on where it was when Kinesis was away altogether', async () => {
  scene.put('a');
  const reader = scene.reader();
  expect(await readTexts(reader, 1)).toEqual(['a']);
  scene.server.outage(true);
  scene.onWait = (waits) => waits === 30 && scene.server.outage(false);
  scene.put('b');
  expect(await readTexts(reader, 1)).toEqual(['b']);
  expect(Math.max(...scene.waitsMs)).toBe(1_000);
});

it.each(OPERATIONS)('gives up a %s that never answers, and makes it again', async (operation) => {
  await scene.close();
  scene = await ReaderScene.open({ requestTimeoutMs: 300 });
  const hang = scene.server.faults.add({ operation, times: 1, action: { hang: true } });
  scene.put('a');
  expect(await readTexts(scene.reader(), 1)).toEqual(['a']);
  expect(hang.hits).toBe(1);
});

describe('a stop', () => {
  it.each([...OPERATIONS, 'ListShards'])('does not wait for a %s that hangs', async (operation) => {
    const stop = new AbortController();
    scene.server.faults.add({ operation, action: { hang: true } });
    scene.server.faults.add({ operation: 'GetRecords', action: { rewrite: () => ({ Records: [] }) } });
    const reading = scene.reader().read(stop.signal);
    const hangs = async (): Promise<void> => {
      while (scene.server.requests.count(operation) === 0) await new Promise((resolve) => setImmediate(resolve));
    };
    await hangs();
    stop.abort(new Error('stopped'));
    await expect(reading).rejects.toThrow('stopped');
  });

  it('ends a wait, and makes no further call', async () => {
    const stop = new AbortController();
    scene.server.faults.add({ action: { error: 'LimitExceededException' } });
    scene.onWait = (waits) => waits === 3 && stop.abort(new Error('stopped'));
    await expect(scene.reader().read(stop.signal)).rejects.toThrow('stopped');
    expect(scene.server.requests.total).toBe(3);
  });

  it('before the first call makes none', async () => {
    await expect(scene.reader().read(AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
    expect(scene.server.requests.total).toBe(0);
  });
});

it.each([
  ['AccessDeniedException', 'ACCESS_DENIED'],
  ['KMSAccessDeniedException', 'ACCESS_DENIED'],
  ['KMSDisabledException', 'ACCESS_DENIED'],
  ['UnrecognizedClientException', 'CREDENTIALS_MISSING'],
])('does not hide %s, which needs somebody', async (error, code) => {
  scene.put('a');
  scene.server.faults.add({ operation: 'GetRecords', times: 1, action: { error } });
  const reader = scene.reader();
  await expect(reader.read(NEVER)).rejects.toMatchObject({ code });
  expect(await readTexts(reader, 1)).toEqual(['a']);
});
