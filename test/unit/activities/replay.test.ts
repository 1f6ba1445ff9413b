import { RecordRejectedError } from '../../../src';
import { FIRST_SHARD, ReplayScene } from './support/replay-scene';

const AT = (timestampMs: number) => ({ at: 'AT_TIMESTAMP', timestampMs }) as const;
const SOON = { onFailure: { maxAttempts: 2, minBackoffMs: 0, maxBackoffMs: 0 } };

let scene: ReplayScene;

afterEach(() => scene.close());

/** Fails as a whole when one of these is in the batch. */
const failsOn =
  (...bad: string[]) =>
  ({ records }: { records: readonly { text(): string }[] }): void => {
    if (records.some((record) => bad.includes(record.text()))) throw new Error('planted');
  };

describe('a replay', () => {
  it('handles what arrived in its range, both ends included, and nothing else', async () => {
    scene = await ReplayScene.open();
    const [, second = 0, third = 0] = scene.put('a', 'b', 'c', 'd');
    const state = await scene.run({ range: { from: AT(second), to: AT(third) } });
    expect(scene.given.flat()).toEqual(['b', 'c']);
    expect(state).toMatchObject({ end: 'done', counts: { records: 2, failed: 0, filtered: 0 } });
    expect(scene.contexts[0]).toMatchObject({ replay: true, dryRun: false, redrive: false, attempt: 1 });
  });

  it('ends at the named record', async () => {
    scene = await ReplayScene.open();
    scene.put('a', 'b', 'c', 'd');
    const [, second, third] = scene.server.records('flights', FIRST_SHARD).map((record) => record.sequenceNumber);
    await scene.run({
      shardId: FIRST_SHARD,
      range: {
        from: { at: 'FROM', sequenceNumber: second ?? '' },
        to: { at: 'AFTER', sequenceNumber: third ?? '' },
      },
    });
    expect(scene.given.flat()).toEqual(['b', 'c']);
  });

  it('goes through the whole lineage, parents before children, closed ones too', async () => {
    scene = await ReplayScene.open();
    scene.put('a', 'b');
    const children = scene.server.split('flights', FIRST_SHARD);
    scene.put('c', 'd', 'e', 'f');
    scene.server.merge('flights', ...children);
    const [last = 0] = scene.put('g');
    scene.put('h');
    const state = await scene.run({ range: { from: { at: 'TRIM_HORIZON' }, to: AT(last) } });
    const given = scene.given.flat();
    expect([given.slice(0, 2), given.slice(2, 6).toSorted(), given.slice(6)]).toEqual([
      ['a', 'b'],
      ['c', 'd', 'e', 'f'],
      ['g'],
    ]);
    expect(state).toMatchObject({ end: 'done', total: 4, left: [], slices: 4 });
  });

  it('of one shard leaves its children alone', async () => {
    scene = await ReplayScene.open();
    scene.put('a');
    scene.server.split('flights', FIRST_SHARD);
    scene.put('b');
    expect(await scene.run({ shardId: FIRST_SHARD })).toMatchObject({ end: 'done', total: 1 });
    expect(scene.given.flat()).toEqual(['a']);
    await expect(scene.run({ shardId: 'shardId-000000000009' })).rejects.toMatchObject({ type: 'SHARD_NOT_FOUND' });
  });

  it('writes no checkpoint and no letter, and has the fence of the live owner', async () => {
    scene = await ReplayScene.open(SOON);
    scene.handler = failsOn('b');
    scene.put('a', 'b', 'c');
    await scene.run();
    expect(scene.store.writes).toEqual([]);
    expect(scene.store.rows.size).toBe(0);
    expect((await scene.letters.list(scene.shard, { limit: 10 })).letters).toEqual([]);
    expect(await scene.store.listKnownShards(scene.stream)).toEqual([]);
    expect(scene.contexts.every(({ fence }) => fence === 0)).toBe(true);
  });

  it('counts what retention has taken meanwhile', async () => {
    scene = await ReplayScene.open();
    scene.put('a', 'b');
    scene.server.removeShard('flights', FIRST_SHARD);
    const result = await scene.begin().done;
    expect(result).toMatchObject({ end: 'rangeEnd', loss: { cause: 'retention' }, counts: { records: 0 } });
  });
});

describe('a record that fails', () => {
  it('is tried again by the policy, found by halves, reported, and the replay goes on', async () => {
    scene = await ReplayScene.open(SOON);
    scene.handler = failsOn('c');
    scene.put('a', 'b', 'c', 'd', 'e');
    const state = await scene.run();
    expect(scene.given).toEqual([
      ['a', 'b', 'c', 'd', 'e'],
      ['a', 'b', 'c', 'd', 'e'],
      ['a', 'b', 'c'],
      ['a', 'b'],
      ['c'],
      ['d', 'e'],
    ]);
    const [, , third] = scene.server.records('flights', FIRST_SHARD);
    expect(state).toMatchObject({
      end: 'done',
      counts: { records: 5, failed: 1 },
      byCode: { HANDLER_FAILED: 1 },
      failures: [{ shardId: FIRST_SHARD, sequenceNumber: third?.sequenceNumber, code: 'HANDLER_FAILED', attempts: 2 }],
    });
  });

  it('alone is tried again where the handler names it', async () => {
    scene = await ReplayScene.open(SOON);
    scene.handler = ({ records }) => ({
      failures: records
        .filter((record) => ['b', 'd'].includes(record.text()))
        .map((record) => ({ record, reason: new Error('planted'), retryable: record.text() === 'b' })),
    });
    scene.put('a', 'b', 'c', 'd');
    const state = await scene.run();
    expect(scene.given).toEqual([['a', 'b', 'c', 'd'], ['b']]);
    expect(state).toMatchObject({
      counts: { records: 4, failed: 2 },
      byCode: { HANDLER_FAILED: 1, RECORD_REJECTED: 1 },
    });
  });

  it('and is named by a rejection is left out of its batch', async () => {
    scene = await ReplayScene.open(SOON);
    scene.handler = ({ records }) => {
      const bad = records.find((record) => record.text() === 'b');
      if (bad) throw new RecordRejectedError('never', { record: bad });
    };
    scene.put('a', 'b', 'c');
    expect(await scene.run()).toMatchObject({ counts: { records: 3, failed: 1 }, byCode: { RECORD_REJECTED: 1 } });
    expect(scene.given).toEqual([
      ['a', 'b', 'c'],
      ['a', 'c'],
    ]);
  });

  it('ends the replay where that is asked for', async () => {
    scene = await ReplayScene.open({ ...SOON, maxBatchRecords: 1 });
    scene.handler = failsOn('b');
    scene.put('a', 'b', 'c');
    expect(await scene.run({ onFailure: 'stop' })).toMatchObject({ end: 'stopped', counts: { records: 2, failed: 1 } });
    expect(scene.given.flat()).not.toContain('c');
  });

  it('that kills every execution is given up after it was alone, and nothing before or behind it', async () => {
    scene = await ReplayScene.open({ maxBatchRecords: 8, onFailure: { maxDeaths: 2 } });
    scene.put('killer', 'b');
    // Attempts that died left no word behind: with 8, 1 and 1 records.
    const result = await scene.begin({}, { attempt: 4 }).done;
    expect(result).toMatchObject({ end: 'interval', byCode: { HANDLER_DIED: 1 } });
    expect(scene.given).toEqual([]);
    expect((await scene.begin({ shard: result.shard }).done).counts).toMatchObject({ records: 1, failed: 0 });
    expect(scene.given).toEqual([['b']]);
  });
});
