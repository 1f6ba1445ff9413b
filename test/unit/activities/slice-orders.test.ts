import type { FailureOptions } from '../../../src/core/failure-options';
import { partitionKeyDigest } from '../../../src/dead-letters/partition-key-digest';
import { SliceScene, SHARD } from './support/slice-scene';

let scene: SliceScene;
/** Payloads that fail. */
let bad: string[] = [];

async function open(onFailure: FailureOptions): Promise<void> {
  scene = await SliceScene.open({
    maxBatchRecords: 100,
    historyIntervalMs: 0,
    onFailure: { maxAttempts: 1, then: 'park', ...onFailure },
  });
  bad = [];
  scene.handler = ({ records }) => ({
    failures: records.filter((record) => bad.includes(record.text())).map((record) => ({ record, reason: 'no' })),
  });
}

afterEach(() => scene.close());

/** Payloads like `a1`: key `a`. */
function put(...payloads: string[]): void {
  scene.server.putMany(
    'flights',
    payloads.map((data) => ({ partitionKey: data.slice(0, 1), data, shardId: SHARD })),
  );
}

async function letters(): Promise<string[]> {
  return (await scene.deadLetters()).map(({ text, status }) => `${text} ${status}`);
}

describe('an order about a shard that is parked because too many records wait', () => {
  beforeEach(async () => {
    await open({ parkBy: 'partitionKey', maxParkedRecords: 2 });
    bad = ['a1'];
    put('a1');
    await scene.run();
    put('b1', 'a2', 'b2', 'a3', 'b3', 'a4');
    await scene.run();
    expect((await scene.fail(scene.begin())).halt).toMatchObject({ sequenceNumber: scene.sequenceNumbers()[4] });
    scene.handled.length = 0;
  });

  it('to skip gives up the record at which it stands, and no other', async () => {
    scene.order('skip', { reason: 'known bad', sequenceNumber: scene.sequenceNumbers()[4] });
    const { events, orderDone } = await scene.run();
    expect(orderDone).toBe(true);
    expect(events).toMatchObject([{ kind: 'skipped', by: 'ada', sequenceNumber: scene.sequenceNumbers()[4] }]);
    expect(await letters()).toEqual(['a1 PARKED', 'a2 PARKED', 'a3 DISCARDED']);
    expect(scene.state.order).toBeUndefined();
    // The next one is too many again.
    await scene.run();
    expect((await scene.fail(scene.begin())).halt).toMatchObject({ sequenceNumber: scene.sequenceNumbers()[6] });
    expect(scene.handled.flat()).toEqual(['b3']);
  });

  it('to retry its key hands the record to the handler: it was never tried', async () => {
    bad = [];
    scene.order('retry', { keyDigest: partitionKeyDigest('a') });
    await scene.run();
    await scene.run();
    expect(await letters()).toEqual(['a1 REDRIVEN', 'a2 REDRIVEN']);
    expect(scene.handled.flat()).toEqual(['a1', 'a2', 'a3', 'b3', 'a4']);
  });

  it('to retry in vain is done: the shard is parked again', async () => {
    bad = ['a1', 'a2'];
    scene.order('retry');
    const { halt } = await scene.fail(scene.begin());
    expect(halt).toMatchObject({ how: 'park', sequenceNumber: scene.sequenceNumbers()[4] });
    expect(scene.state).toMatchObject({ phase: 'PARKED', order: undefined });
  });
});

describe('an order about a partition key', () => {
  beforeEach(async () => {
    await open({ parkBy: 'partitionKey' });
    bad = ['a1'];
    put('a1');
    await scene.run();
  });

  it.each(['retry', 'skip'] as const)('of which nothing is parked, to %s, is done, and says so', async (kind) => {
    put('b1');
    scene.order(kind, { keyDigest: partitionKeyDigest('x'), reason: 'typing error' });
    const { events, ...result } = await scene.run();
    expect(result).toMatchObject({ orderDone: true, orderMissed: true });
    expect(events).toEqual([]);
    expect(scene.state).toMatchObject({ order: undefined, missedOrder: { kind } });
    expect(await letters()).toEqual(['a1 PARKED']);
  });

  it.each(['retry', 'skip'] as const)('that an execution before it carried out, to %s, is not missed', async (kind) => {
    bad = [];
    put('b1');
    scene.order(kind, { keyDigest: partitionKeyDigest('a'), reason: 'known bad' });
    expect(await scene.begin().done).not.toHaveProperty('orderMissed');
    scene.deploy(scene.options);
    expect(await scene.end(scene.attempt({ attempt: 2 }))).not.toHaveProperty('orderMissed');
  });
});

describe('an order about a record that retention has taken', () => {
  beforeEach(async () => {
    await open({});
    bad = ['bad'];
  });

  it('to skip is done, with an event that says so; the record that is there now is handled', async () => {
    put('bad', 'innocent1', 'innocent2');
    await scene.fail(scene.begin());
    const [first = '', second = ''] = scene.sequenceNumbers();
    scene.handled.length = 0;
    scene.server.trim('flights', SHARD, second);
    scene.deploy(scene.options);
    scene.order('skip', { reason: 'known bad' });
    const { events, orderDone } = await scene.run();
    expect(orderDone).toBe(true);
    expect(events.filter(({ kind }) => kind === 'gone')).toMatchObject([{ sequenceNumber: first }]);
    expect(scene.handled.flat()).toEqual(['innocent1', 'innocent2']);
    expect(await letters()).toEqual([]);
    expect(scene.state).toMatchObject({ phase: 'READING', streak: undefined, order: undefined });
  });

  it('to skip is done although nothing follows', async () => {
    put('bad');
    await scene.fail(scene.begin());
    const [first = ''] = scene.sequenceNumbers();
    scene.server.advanceClock(25 * 3_600_000);
    scene.deploy(scene.options);
    scene.order('skip', { reason: 'known bad' });
    const { events, orderDone } = await scene.run();
    expect(orderDone).toBe(true);
    expect(events.filter(({ kind }) => kind === 'gone')).toMatchObject([{ sequenceNumber: first }]);
  });

  it('counts nothing for the one that is there now: it has all its attempts', async () => {
    scene.deploy({ ...scene.options, onFailure: { maxAttempts: 3, then: 'park' } });
    bad = ['bad', 'innocent'];
    put('bad');
    for (const _ of [1, 2]) await scene.fail(scene.begin());
    put('innocent');
    scene.server.trim('flights', SHARD, scene.sequenceNumbers()[1] ?? '');
    scene.deploy(scene.options);
    expect((await scene.fail(scene.begin())).streak).toMatchObject({ failures: 1, phase: 'retry' });
  });
});
