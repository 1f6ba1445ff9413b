import type { DeadLetter } from '../../../src/core/dead-letter';
import { MAX_HELD_KEYS } from '../../../src/core/redrive';
import type { MemoryDeadLetterStore } from '../../../src/dead-letters/memory-dead-letters';
import type { BatchHandler } from '../../../src/handler/handler';
import { failure } from '../../support/dead-letter-store.contract';
import { RedriveScene, SHARDS, STARTED_AT_MS, WORKFLOW_ID } from './support/redrive-scene';

/** Fails for the records with these sequence numbers, whole batches at a time. */
const throwsOn =
  (...numbers: number[]): BatchHandler =>
  ({ records }) => {
    if (records.some(({ sequenceNumber }) => numbers.includes(Number(sequenceNumber)))) throw new Error('planted');
  };

/** Names those that fail. */
const namesFailures =
  (...numbers: number[]): BatchHandler =>
  ({ records }) => ({
    failures: records
      .filter(({ sequenceNumber }) => numbers.includes(Number(sequenceNumber)))
      .map((record) => ({ record, reason: new Error('planted') })),
  });

async function get(scene: RedriveScene, { shard, sequenceNumber }: DeadLetter): Promise<DeadLetter | undefined> {
  return scene.letters.get({ shard, sequenceNumber });
}

describe('redriving dead letters', () => {
  it('runs them through the handler in the order of their records, and says who, when and why', async () => {
    const contexts: unknown[] = [];
    const scene = new RedriveScene(
      (_batch, { attempt, redrive, fence }) => void contexts.push({ attempt, redrive, fence }),
    );
    for (const number of [10, 9, 100]) await scene.put(number, 'key');
    const result = await scene.run({ reason: 'fixed in 1.2' });
    expect(result).toMatchObject({ end: 'done', worker: 'worker-a:1' });
    expect(result.progress).toMatchObject({ total: 3, redriven: 3, failed: 0, held: 0, skipped: 0 });
    expect(scene.given).toEqual(['9', '10', '100']);
    expect(contexts).toEqual([{ attempt: 2, redrive: true, fence: 0 }]);
    const { letters } = await scene.letters.list({ ...scene.stream, shardId: SHARDS[0] }, { limit: 1 });
    expect(letters[0]).toMatchObject({
      status: 'REDRIVEN',
      decidedBy: 'jane',
      reason: 'fixed in 1.2',
      decidedAtMs: scene.nowMs,
    });
  });

  it('gives the handler the records as they were', async () => {
    const seen: unknown[] = [];
    const scene = new RedriveScene(({ records }) => {
      for (const record of records) seen.push([record.partitionKey, record.text(), record.arrivalTime, record.shardId]);
    });
    const letter = await scene.put(1, 'LH 454', { data: Buffer.alloc(100_000, 'x') });
    await scene.run();
    expect(seen).toEqual([['LH 454', 'x'.repeat(100_000), new Date(letter.arrivalMs), SHARDS[0]]]);
  });

  it('gives user records of aggregates their indexes and hash keys, and keeps them apart', async () => {
    const seen: unknown[] = [];
    const scene = new RedriveScene(({ records }) => {
      for (const record of records)
        seen.push([record.subSequenceNumber, record.explicitHashKey, record.idempotencyKey]);
    });
    for (const subSequenceNumber of [0, 1, 2])
      await scene.put(7, 'key', { subSequenceNumber, explicitHashKey: String(subSequenceNumber) });
    const result = await scene.run({ filter: { sequenceNumber: '7.1' } });
    expect(result.progress).toMatchObject({ total: 1, redriven: 1 });
    await scene.run({ id: 'redrive-2' });
    expect(seen.map((record) => (record as unknown[]).slice(0, 2))).toEqual([
      [1, '1'],
      [0, '0'],
      [2, '2'],
    ]);
    expect(new Set(seen.map((record) => (record as unknown[])[2])).size).toBe(3);
  });

  it('leaves alone what is parked, was dealt with, or was set aside after it began', async () => {
    const scene = new RedriveScene();
    await scene.put(1, 'a', { status: 'PARKED' });
    await scene.put(2, 'b', { status: 'DISCARDED' });
    await scene.put(3, 'c', { status: 'REDRIVEN', redriveId: 'another' });
    await scene.put(4, 'd', { writtenAtMs: STARTED_AT_MS + 1 });
    expect((await scene.run()).progress).toMatchObject({ total: 0, redriven: 0 });
    expect(scene.given).toEqual([]);
    expect(await scene.statuses()).toEqual({ 1: 'PARKED', 2: 'DISCARDED', 3: 'REDRIVEN', 4: 'OPEN' });
  });

  it('takes only those that were asked for', async () => {
    const scene = new RedriveScene();
    const rejected = { errors: [failure({ code: 'RECORD_REJECTED', atMs: STARTED_AT_MS - 1_000 })] };
    await scene.put(1, 'a', { writtenAtMs: 1_000 });
    await scene.put(2, 'b', { writtenAtMs: 2_000, ...rejected });
    await scene.put(3, 'c', { writtenAtMs: 3_000 });
    await scene.put(4, 'd', { shard: { ...scene.stream, shardId: SHARDS[1] } });
    await scene.knowShards({ shardId: SHARDS[0] }, { shardId: SHARDS[1] });
    const given = async (filter: object): Promise<string[]> => {
      scene.given.length = 0;
      const { progress } = await scene.run({ filter, id: JSON.stringify(filter) });
      expect(progress?.total).toBe(scene.given.length);
      return [...scene.given];
    };
    expect(await given({ sequenceNumber: '0003' })).toEqual(['3']);
    expect(await given({ sequenceNumber: '0' })).toEqual([]);
    expect(await given({ code: 'RECORD_REJECTED' })).toEqual(['2']);
    expect(await given({ fromMs: 2_000, toMs: 3_000 })).toEqual([]);
    expect(await given({ toMs: 1_000 })).toEqual(['1']);
    expect(await given({ shardId: SHARDS[1] })).toEqual(['4']);
  });

  it('takes parent shards before their children', async () => {
    const scene = new RedriveScene();
    for (const [index, shardId] of SHARDS.entries())
      await scene.put(index, 'a', { shard: { ...scene.stream, shardId } });
    await scene.knowShards(
      { shardId: SHARDS[0], parentShardIds: [SHARDS[2], SHARDS[1]] },
      { shardId: SHARDS[1], parentShardIds: [SHARDS[2]] },
      { shardId: SHARDS[2] },
    );
    expect((await scene.start().done).progress).toMatchObject({ total: 3, redriven: 3 });
    expect(scene.given).toEqual(['2', '1', '0']);
  });
});

describe('a letter that fails again', () => {
  it('stays open with both errors, and holds back those of its partition key, also of child shards', async () => {
    const scene = new RedriveScene(namesFailures(2));
    const letter = await scene.put(2, 'a');
    await scene.put(1, 'a');
    await scene.put(3, 'b');
    for (let number = 4; number < 30; number += 1) await scene.put(number, number % 2 ? 'a' : 'b');
    await scene.put(99, 'a', { shard: { ...scene.stream, shardId: SHARDS[1] } });
    await scene.knowShards({ shardId: SHARDS[0] }, { shardId: SHARDS[1], parentShardIds: [SHARDS[0]] });
    const { progress } = await scene.run();
    expect(await get(scene, letter)).toMatchObject({
      status: 'OPEN',
      decidedBy: 'jane',
      errors: [
        failure({ atMs: STARTED_AT_MS - 1_000 }),
        { code: 'HANDLER_FAILED', attempts: 1, atMs: scene.nowMs, workflowId: WORKFLOW_ID, runId: 'run-9' },
      ],
    });
    // The handler itself went on behind the failure within the first 25 letters.
    expect(progress).toMatchObject({ total: 30, redriven: 26, failed: 1, held: 3, heldKeys: [expect.any(String)] });
    expect(scene.given).not.toContain('99');
    expect(JSON.stringify(progress)).not.toContain('"a"');
  });

  it('is found by trying each by itself where the handler does not name it', async () => {
    const scene = new RedriveScene(throwsOn(2));
    for (const [number, key] of [
      [1, 'a'],
      [2, 'b'],
      [3, 'b'],
      [4, 'c'],
    ] as const)
      await scene.put(number, key);
    const { progress } = await scene.run();
    expect(progress).toMatchObject({ total: 4, redriven: 2, failed: 1, held: 1 });
    expect(scene.given).toEqual(['1', '2', '3', '4', '1', '2', '4']);
    expect(await scene.statuses()).toEqual({ 1: 'REDRIVEN', 2: 'OPEN', 3: 'OPEN', 4: 'REDRIVEN' });
  });

  it('is followed by those that the handler did not get to', async () => {
    const scene = new RedriveScene(({ records: [first, ...others] }) => {
      if (first === undefined || Number(first.sequenceNumber) > 2) return undefined;
      return { failures: [{ record: first, reason: 'planted', retryable: false }], unhandled: others };
    });
    await scene.put(1, 'a');
    await scene.put(2, 'b');
    await scene.put(3, 'b');
    await scene.put(4, 'c');
    const { progress } = await scene.run();
    expect(progress).toMatchObject({ redriven: 1, failed: 2, held: 1 });
    expect(scene.given).toEqual(['1', '2', '3', '4', '2', '3', '4', '4']);
  });

  it('ends the redrive once too many partition keys have failed', async () => {
    const scene = new RedriveScene(namesFailures(...Array(100).keys()));
    for (let number = 0; number < 60; number += 1) await scene.put(number, `key-${number}`);
    const heldKeys = Array.from({ length: MAX_HELD_KEYS - 30 }, (_, index) => `digest-${index}`);
    const before = { total: 60, redriven: 0, failed: 0, held: 0, skipped: 0, heldKeys };
    const { end, progress } = await scene.run({ progress: before });
    // Between two batches of 25.
    expect({ end, ...progress }).toMatchObject({ end: 'tooManyFailures', total: 60, failed: 50, redriven: 0 });
    expect(progress?.heldKeys).toHaveLength(MAX_HELD_KEYS + 20);
  });

  it('also fails if its payload cannot be read', async () => {
    const scene = new RedriveScene();
    const letter = await scene.put(1, 'a', { data: Buffer.alloc(70_000) });
    await scene.put(2, 'a');
    await scene.put(3, 'b');
    for (const partition of scene.letters.items.values())
      for (const sk of partition.keys()) if (sk.startsWith('dead-part#')) partition.delete(sk);
    expect((await scene.run()).progress).toMatchObject({ redriven: 1, failed: 1, held: 1 });
    const { letters } = await scene.letters.list(letter.shard, { limit: 1 });
    expect(letters[0]?.errors[1]).toMatchObject({ code: 'CHECKPOINT_DAMAGED' });
  });
});

describe('a letter that the filter passes over', () => {
  it('counts as redriven, with that reason', async () => {
    const scene = new RedriveScene(undefined, { filter: ({ partitionKey }) => partitionKey !== 'a' });
    const letter = await scene.put(1, 'a');
    await scene.put(2, 'b');
    expect((await scene.run({ reason: 'why' })).progress).toMatchObject({ redriven: 2 });
    expect(await get(scene, letter)).toMatchObject({ status: 'REDRIVEN', reason: 'filtered' });
    expect(scene.given).toEqual(['2']);
  });
});

describe('a handler that returns effects', () => {
  const effectOn = (number: string) => ({ Put: { TableName: 'sums', Item: { number: { S: number } } } });
  const transacts: BatchHandler = ({ records }) => ({
    transact: records.map(({ sequenceNumber }) => effectOn(sequenceNumber)),
  });

  it('has them written with the marks of the letters, in one transaction', async () => {
    const scene = new RedriveScene(transacts);
    await scene.put(1, 'a');
    await scene.put(2, 'b');
    const together: unknown[] = [];
    const letters = watched(scene.letters, {
      markAll: async (marks, effects) => {
        together.push({ marks: marks.length, effects: effects.length });
        return scene.letters.markAll(marks, effects);
      },
    });
    await scene.knowShards({ shardId: SHARDS[0] });
    expect((await scene.start({}, { letters }).done).progress).toMatchObject({ redriven: 2 });
    expect(together).toEqual([{ marks: 2, effects: 2 }]);
    expect(scene.letters.effects).toEqual([effectOn('1'), effectOn('2')]);
  });

  it('has them tried letter by letter where they are refused, and the culprit fails', async () => {
    const scene = new RedriveScene(transacts);
    for (const number of [1, 2, 3]) await scene.put(number, `key-${number}`);
    const letters = watched(scene.letters, {
      markAll: async (marks, effects) =>
        effects.some(({ Put }) => Put?.Item?.number?.S === '2')
          ? { kind: 'effectsRefused', code: 'EFFECT_REFUSED', message: 'effect 1 of 1 was refused', detail: 'secret' }
          : scene.letters.markAll(marks, effects),
    });
    await scene.knowShards({ shardId: SHARDS[0] });
    expect((await scene.start({}, { letters }).done).progress).toMatchObject({ redriven: 2, failed: 1 });
    expect(scene.letters.effects).toEqual([effectOn('1'), effectOn('3')]);
    const found = await scene.letters.list({ ...scene.stream, shardId: SHARDS[0] }, { status: 'OPEN', limit: 9 });
    expect(found.letters[0]?.errors[1]).toMatchObject({
      code: 'EFFECT_REFUSED',
      message: 'effect 1 of 1 was refused',
    });
  });

  it('has none written for a letter that somebody has changed meanwhile', async () => {
    const scene = new RedriveScene(async ({ records }) => {
      await scene.letters.mark({ letter, change: { id: 'other', status: 'DISCARDED', atMs: 1 } });
      return transacts({ records } as never, {} as never);
    });
    const letter = await scene.put(1, 'a');
    await scene.put(2, 'b');
    expect((await scene.run()).progress).toMatchObject({ total: 2, redriven: 1, skipped: 1 });
    expect(scene.letters.effects).toEqual([effectOn('2')]);
    expect(await scene.statuses()).toEqual({ 1: 'DISCARDED', 2: 'REDRIVEN' });
  });
});

describe('letters that are changed meanwhile', () => {
  it('are passed over', async () => {
    const scene = new RedriveScene(async () => {
      await scene.letters.mark({ letter: first, change: { id: 'other', status: 'DISCARDED', atMs: 1 } });
    });
    const first = await scene.put(1, 'a');
    await scene.put(2, 'b');
    const { progress } = await scene.run();
    expect(progress).toMatchObject({ total: 2, redriven: 1, skipped: 1 });
    expect(await scene.statuses()).toEqual({ 1: 'DISCARDED', 2: 'REDRIVEN' });
    expect(scene.given).toEqual(['1', '2']);
  });
});

function watched(letters: MemoryDeadLetterStore, changed: Partial<MemoryDeadLetterStore>): MemoryDeadLetterStore {
  return Object.assign(Object.create(letters) as MemoryDeadLetterStore, changed);
}
