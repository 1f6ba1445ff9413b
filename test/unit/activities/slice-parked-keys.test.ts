import { RecordRejectedError } from '../../../src';
import type { FailureOptions } from '../../../src/core/failure-options';
import { partitionKeyDigest } from '../../../src/dead-letters/partition-key-digest';
import { eventually } from '../../support/eventually';
import { SliceScene, SHARD } from './support/slice-scene';

let scene: SliceScene;
/** Payloads that fail. */
let bad: string[] = [];

async function open(onFailure: FailureOptions = {}): Promise<void> {
  scene = await SliceScene.open({
    maxBatchRecords: 100,
    historyIntervalMs: 0,
    onFailure: { maxAttempts: 1, then: 'park', parkBy: 'partitionKey', ...onFailure },
  });
  bad = [];
  scene.handler = ({ records }, { holdsKeys }) => {
    expect(holdsKeys).toBe(true);
    const failing = records.filter((record) => bad.includes(record.text()));
    const keys = new Set(failing.map(({ partitionKey }) => partitionKey));
    const isBehind = (index: number): boolean =>
      failing.some((one) => records.indexOf(one) < index && one.partitionKey === records[index]?.partitionKey);
    return {
      failures: failing.filter((_, index) => index === 0 || keys.size > 1).map((record) => ({ record, reason: 'no' })),
      unhandled: records.filter((record, index) => isBehind(index) && !failing.includes(record)),
    };
  };
}

afterEach(() => scene.close());

/** Payloads like `a1`: key `a`. */
function put(...payloads: string[]): void {
  scene.server.putMany(
    'flights',
    payloads.map((data) => ({ partitionKey: data.slice(0, 1), data, shardId: SHARD })),
  );
}

const parked = async (): Promise<string[]> =>
  (await scene.deadLetters()).filter(({ status }) => status === 'PARKED').map(({ text }) => text);

describe('a record that fails for good', () => {
  it('parks its partition key: what follows of it is set aside in order, the others go on', async () => {
    await open();
    bad = ['a1'];
    put('b1', 'a1', 'b2', 'a2');
    await scene.run();
    expect(await parked()).toEqual(['a1']);
    put('a3', 'c1');
    await scene.run();
    await scene.run();
    expect(await parked()).toEqual(['a1', 'a2', 'a3']);
    expect(scene.handled.flat()).toEqual(['b1', 'a1', 'b2', 'a2', 'c1']);
    expect(scene.store.rowOf(scene.shard)).toMatchObject({
      parkedKeys: 1,
      position: { sequenceNumber: scene.sequenceNumbers().at(-1) },
    });
    expect(scene.state.progress.totals.deadLettered).toBeUndefined();
    expect(scene.state.recentEvents?.filter(({ kind }) => kind === 'parked')).toMatchObject([{ by: 'partitionKey' }]);
  });

  it('is known to the next process too', async () => {
    await open();
    bad = ['a1'];
    put('a1');
    await scene.run();
    scene.deploy(scene.options);
    put('a2');
    await scene.run({ attempt: 2 });
    expect(await parked()).toEqual(['a1', 'a2']);
  });
});

it('a rejected record whose key is parked meanwhile has one letter', async () => {
  await open();
  scene.deploy({ ...scene.options, historyIntervalMs: 60_000 });
  scene.handler = ({ records }) => {
    const rejected = records.find((record) => record.text() === 'a2');
    if (rejected) throw new RecordRejectedError('no', { record: rejected });
    return { failures: records.map((record) => ({ record, reason: 'no' })) };
  };
  put('a1', 'a2');
  const slice = scene.begin();
  await eventually(() => scene.store.writes.filter(({ effects }) => effects).length === 2);
  slice.cancel({ cancelRequested: true });
  await scene.end(slice);
  expect(await parked()).toEqual(['a1', 'a2']);
  expect(scene.handled).toEqual([['a1', 'a2'], ['a1']]);
  expect(scene.store.writes.flatMap(({ effects = [] }) => effects)).toHaveLength(2);
});

describe('an order', () => {
  beforeEach(async () => {
    await open();
    bad = ['a1', 'c1'];
    put('a1', 'b1', 'c1');
    await scene.run();
    put('a2', 'c2');
    await scene.run();
    expect(await parked()).toEqual(['a1', 'c1', 'a2', 'c2']);
    scene.handled.length = 0;
  });

  it('to retry handles what is parked, in order, before anything newer', async () => {
    bad = [];
    put('a3');
    scene.order('retry');
    const result = await scene.run();
    expect(scene.handled).toEqual([['a1', 'c1', 'a2', 'c2'], ['a3']]);
    expect(result).toMatchObject({ orderDone: true, events: [{ kind: 'drained', records: 4 }, { kind: 'unparked' }] });
    expect(result.progress.parkedKeys).toBe(0);
    expect(await parked()).toEqual([]);
  });

  it('to retry one key leaves the others parked', async () => {
    bad = ['c1'];
    scene.order('retry', { keyDigest: partitionKeyDigest('a') });
    put('b2');
    await scene.run();
    expect(await parked()).toEqual(['c1', 'c2']);
    expect(scene.handled).toEqual([['a1', 'a2'], ['b2']]);
  });

  it('to retry keeps a key parked whose record fails again', async () => {
    bad = ['a1'];
    scene.order('retry');
    put('b2');
    await scene.run();
    expect(await parked()).toEqual(['a1', 'a2']);
    const [first] = await scene.deadLetters();
    expect(first?.errors).toHaveLength(2);
  });

  it('to skip gives up the first record of the key, and handles the rest', async () => {
    bad = ['a1', 'c1'];
    scene.order('skip', { keyDigest: partitionKeyDigest('a'), reason: 'known bad' });
    put('b2');
    const result = await scene.run();
    expect(result.events[0]).toMatchObject({ kind: 'skipped', by: 'ada', reason: 'known bad' });
    expect(await parked()).toEqual(['c1', 'c2']);
    expect((await scene.deadLetters())[0]).toMatchObject({ status: 'DISCARDED', decidedBy: 'ada', text: 'a1' });
    expect(scene.handled).toEqual([['a2'], ['b2']]);
  });
});

it('an order to skip concerns one record, however often it is tried', async () => {
  await open();
  bad = ['a1', 'a2'];
  put('a1');
  await scene.run();
  put('a2');
  await scene.run();
  scene.order('skip', { keyDigest: partitionKeyDigest('a'), reason: 'known bad' });
  // The first execution carries it out, and dies before it says so.
  put('b1');
  const lost = scene.begin();
  await lost.done;
  scene.deploy(scene.options);
  await scene.end(scene.attempt({ attempt: 2 }));
  expect((await scene.deadLetters()).map(({ text, status }) => [text, status])).toEqual([
    ['a1', 'DISCARDED'],
    ['a2', 'PARKED'],
  ]);
});

it('keys are tried again when their time is over', async () => {
  await open({ parkForMs: 5_000 });
  bad = ['a1'];
  put('a1');
  await scene.run();
  bad = [];
  put('a2');
  await scene.run();
  expect(await parked()).toEqual(['a1', 'a2']);
  scene.server.advanceClock(6_000);
  put('b1');
  await scene.run();
  expect(await parked()).toEqual([]);
});

describe('the limits', () => {
  it('of keys: one more parks the shard', async () => {
    await open({ maxParkedKeys: 1 });
    bad = ['a1', 'b1'];
    put('a1');
    await scene.run();
    put('b1');
    expect((await scene.fail(scene.begin())).halt).toMatchObject({
      how: 'park',
      sequenceNumber: scene.sequenceNumbers()[1],
    });
  });

  it('of records: one more parks the shard, and a retry lets it go on', async () => {
    await open({ maxParkedRecords: 2 });
    bad = ['a1'];
    put('a1');
    await scene.run();
    put('b1', 'a2', 'b2', 'a3', 'b3');
    await scene.run();
    const failure = await scene.fail(scene.begin());
    expect(failure).toMatchObject({ halt: { how: 'park' }, error: { code: 'PARTITION_KEY_PARKED' } });
    expect(await parked()).toEqual(['a1', 'a2']);
    bad = [];
    scene.order('retry');
    await scene.run();
    expect(await parked()).toEqual([]);
    expect(scene.handled.flat().filter((text) => text.startsWith('a'))).toEqual(['a1', 'a1', 'a2', 'a3']);
  });
});
