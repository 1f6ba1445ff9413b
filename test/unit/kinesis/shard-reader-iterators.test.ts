import { isJsonForced } from '../../support/scripted-kinesis';
import { readTexts, ReaderScene, textsOf, NEVER } from './shard-reader-scene';

let scene: ReaderScene;

beforeEach(async () => {
  scene = await ReaderScene.open();
});

afterEach(() => scene.close());

function iteratorRequests(): unknown[] {
  return scene.server.requests.list('GetShardIterator').map(({ body }) => body['ShardIteratorType']);
}

const SIX_MINUTES_MS = 360_000;

it('renews an iterator that expired before any record was read at the start position, not at LATEST', async () => {
  const start = { type: 'AT_TIMESTAMP', timestampMs: scene.server.now() - 1_000 } as const;
  const reader = scene.reader({ start });
  expect(textsOf(await reader.read(NEVER))).toEqual([]);
  scene.put('while it expires');
  scene.server.advanceClock(SIX_MINUTES_MS);
  expect(await readTexts(reader, 1)).toEqual(['while it expires']);
  expect(iteratorRequests()).toEqual(['AT_TIMESTAMP', 'AT_TIMESTAMP']);
});

it('renews an iterator after the last record that this reader read, not at its start position', async () => {
  scene.put('a', 'b');
  const reader = scene.reader();
  await reader.read(NEVER);
  scene.put('c');
  scene.server.advanceClock(SIX_MINUTES_MS);
  expect(await readTexts(reader, 1)).toEqual(['c']);
  const [, second] = scene.server.requests.list('GetShardIterator');
  expect(second?.body).toMatchObject({
    ShardIteratorType: 'AFTER_SEQUENCE_NUMBER',
    StartingSequenceNumber: scene.server.records('flights', scene.shard.shardId)[1]?.sequenceNumber,
  });
});

it('renews after the last record although empty pages came since', async () => {
  scene.put('a');
  const reader = scene.reader();
  for (let reads = 0; reads < 3; reads += 1) await reader.read(NEVER);
  scene.server.advanceClock(SIX_MINUTES_MS);
  scene.put('b');
  expect(await readTexts(reader, 1)).toEqual(['b']);
  expect(iteratorRequests()).toEqual(['TRIM_HORIZON', 'AFTER_SEQUENCE_NUMBER']);
});

it('loses and repeats nothing when every third call finds its iterator expired, and counts none of them as trouble', async () => {
  let calls = 0;
  const expiry = scene.server.faults.add({
    operation: 'GetRecords',
    when: () => (calls += 1) % 3 === 0,
    action: { error: 'ExpiredIteratorException' },
  });
  const all = Array.from({ length: 60 }, (_, index) => `record ${index}`);
  scene.put(...all);
  expect(await readTexts(scene.reader({ limit: 5 }), 60)).toEqual(all);
  expect(expiry.hits).toBeGreaterThan(3);
  expect(scene.troubles).toEqual([]);
});

it('backs off when a new iterator is expired at once, instead of asking for the next in a hot loop', async () => {
  const expiry = scene.server.faults.add({
    operation: 'GetRecords',
    times: 6,
    action: { error: 'ExpiredIteratorException' },
  });
  scene.put('a');
  expect(await readTexts(scene.reader(), 1)).toEqual(['a']);
  expect(expiry.hits).toBe(6);
  expect(scene.waitsMs).toEqual([25, 50, 100, 200, 400, 800]);
  expect(new Set(scene.troubles)).toEqual(new Set(['ITERATOR_EXPIRED', 'ok']));
});

it('asks at the poll interval at the tip, with or without records, and at the call limit behind it', async () => {
  scene.put('a', 'b', 'c');
  const reader = scene.reader({ limit: 2 });
  await reader.read(NEVER);
  await reader.read(NEVER);
  expect(scene.waitsMs).toEqual([]);
  scene.server.faults.add({
    operation: 'GetRecords',
    times: 1,
    action: { rewrite: (page) => ({ ...page, Records: [], MillisBehindLatest: 5_000 }) },
  });
  await reader.read(NEVER);
  await reader.read(NEVER);
  await reader.read(NEVER);
  expect(scene.waitsMs).toEqual([1_000, 200, 1_000]);
});

it('returns hundreds of empty pages one by one, with their lag, on one iterator', async () => {
  const lagging = scene.server.faults.add({
    operation: 'GetRecords',
    times: 300,
    action: { rewrite: (page) => ({ ...page, Records: [], MillisBehindLatest: 86_400_000 }) },
  });
  const reader = scene.reader();
  for (let page = 0; page < 300; page += 1) {
    const result = await reader.read(NEVER);
    if (result.records.length > 0 || result.millisBehindLatest !== 86_400_000 || result.end)
      throw new Error('not lagging');
  }
  scene.put('at last');
  expect(await readTexts(reader, 1)).toEqual(['at last']);
  expect(lagging.hits).toBe(300);
  expect(iteratorRequests()).toEqual(['TRIM_HORIZON']);
  expect(scene.troubles).toEqual([]);
});

it('asks again for an answer that lacks what every answer has', async () => {
  const damaged = scene.server.faults.add({
    operation: 'GetRecords',
    times: 4,
    action: { rewrite: (page) => ({ ...page, Records: [{ PartitionKey: 'key', Data: 'YQ==' }] }) },
  });
  const noIterator = scene.server.faults.add({
    operation: 'GetShardIterator',
    times: 1,
    action: { rewrite: () => ({}) },
  });
  scene.put('a');
  expect(await readTexts(scene.reader(), 1)).toEqual(['a']);
  expect([damaged.hits, noIterator.hits]).toEqual([4, 1]);
  // On CBOR a page that cannot be read is asked for in JSON at once: two hits make one trouble.
  const troubles = isJsonForced() ? 5 : 3;
  expect(scene.troubles).toEqual([...Array.from({ length: troubles }, () => 'INVALID_ANSWER'), 'ok']);
});

it('asks for more records at a time where they are small, if it may', async () => {
  const records = Array.from({ length: 60 }, (_, index) => `record ${index}`);
  scene.put(...records);
  const getRecords = jest.spyOn(scene.kinesis, 'getRecords');
  const limits = (): number[] => getRecords.mock.calls.map(([, , limit]) => limit);
  expect(await readTexts(scene.reader({ limit: 10, growsPages: true }), 60)).toEqual(records);
  expect(limits().slice(0, 2)).toEqual([10, 10_000]);
  getRecords.mockClear();
  expect(await readTexts(scene.reader({ limit: 10 }), 60)).toEqual(records);
  expect(new Set(limits())).toEqual(new Set([10]));
});
