import { setTimeout as sleep } from 'node:timers/promises';
import { addCounts, discardIn, lettersIn } from '../../../src/client/dead-letters-store';
import { TidemarkError } from '../../../src/core/errors';
import type { RedriveFilter } from '../../../src/core/redrive';
import { MemoryDeadLetterStore } from '../../../src/dead-letters/memory-dead-letters';
import { newStream, shardOf } from '../../support/checkpoint-store.contract';
import { failure, letterOf } from '../../support/dead-letter-store.contract';

const shard = shardOf(newStream());
let store: MemoryDeadLetterStore;

beforeEach(() => {
  store = new MemoryDeadLetterStore();
  for (let number = 0; number < 250; number += 1) {
    const code = number % 2 ? 'HANDLER_FAILED' : 'SCHEMA_INVALID';
    const letter = letterOf(shard, {
      sequenceNumber: String(number),
      errors: [failure({ code })],
      status: number === 7 ? 'PARKED' : 'OPEN',
      writtenAtMs: number * 1_000,
    });
    store.apply([store.headItem(letter)]);
  }
});

async function numbers(filter: RedriveFilter): Promise<number[]> {
  const found: number[] = [];
  for await (const letters of lettersIn(store, shard, filter))
    found.push(...letters.map(({ sequenceNumber }) => Number(sequenceNumber)));
  return found;
}

describe('the open letters that a decision is about', () => {
  it('are all, over many pages', async () => {
    expect(await numbers({})).toEqual([...Array(250).keys()].filter((number) => number !== 7));
  });

  it('are those that were asked for', async () => {
    expect(await numbers({ sequenceNumber: '0012' })).toEqual([12]);
    expect(await numbers({ sequenceNumber: '0' })).toEqual([0]);
    expect(await numbers({ sequenceNumber: '7' })).toEqual([]);
    expect(await numbers({ sequenceNumber: '999' })).toEqual([]);
    expect(await numbers({ code: 'SCHEMA_INVALID', fromMs: 240_000, toMs: 245_000 })).toEqual([240, 242, 244]);
  });
});

it('user records are asked for by their names, or by that of their aggregate', async () => {
  for (const subSequenceNumber of [0, 1, 12])
    store.apply([store.headItem(letterOf(shard, { sequenceNumber: '300', subSequenceNumber }))]);
  const subs = async (sequenceNumber: string): Promise<unknown[]> => {
    const found: unknown[] = [];
    for await (const letters of lettersIn(store, shard, { sequenceNumber }))
      found.push(...letters.map(({ subSequenceNumber }) => subSequenceNumber));
    return found;
  };
  expect(await subs('300')).toEqual([0, 1, 12]);
  expect(await subs('300.1')).toEqual([1]);
  expect(await subs('300.2')).toEqual([]);
});

it('a user record is found behind more letters of its aggregate than a page has', async () => {
  for (let subSequenceNumber = 0; subSequenceNumber < 210; subSequenceNumber += 1)
    store.apply([store.headItem(letterOf(shard, { sequenceNumber: '300', subSequenceNumber }))]);
  const found: unknown[] = [];
  for await (const letters of lettersIn(store, shard, { sequenceNumber: '300.205' }))
    found.push(...letters.map(({ subSequenceNumber }) => subSequenceNumber));
  expect(found).toEqual([205]);
});

describe('discarding', () => {
  it('marks each letter with who and why, and leaves those that were changed meanwhile', async () => {
    const { letters } = await store.list(shard, { limit: 3 });
    const [first, second] = letters;
    if (!first || !second) throw new Error('no letters');
    await store.mark({ letter: second, change: { id: 'other', status: 'REDRIVEN', atMs: 1 } });
    expect(await discardIn(store, letters, { by: 'jane', reason: 'test data' })).toEqual({ discarded: 2, changed: 1 });
    expect(await store.get(first)).toMatchObject({ status: 'DISCARDED', decidedBy: 'jane', reason: 'test data' });
    expect(await store.get(second)).toMatchObject({ status: 'REDRIVEN' });
  });

  it('finds out that a mark whose reply was lost is its own', async () => {
    const { letters } = await store.list(shard, { limit: 1 });
    const mark = store.mark.bind(store);
    let calls = 0;
    store.mark = async (wanted) => {
      const answer = await mark(wanted);
      calls += 1;
      if (calls === 1) throw new TidemarkError('DYNAMODB_UNAVAILABLE', 'planted');
      return answer;
    };
    expect(await discardIn(store, letters, { by: 'jane' })).toEqual({ discarded: 1, changed: 0 });
    expect(calls).toBe(2);
  });

  it('gives up on what waiting does not mend', async () => {
    store.mark = async () => {
      await sleep(0);
      throw new TidemarkError('ACCESS_DENIED', 'planted');
    };
    const { letters } = await store.list(shard, { limit: 1 });
    await expect(discardIn(store, letters, { by: 'jane' })).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
  });
});

it('counts of shards are added up', () => {
  const one = { total: 3, byStatus: { OPEN: 2, PARKED: 1 }, byCode: { HANDLER_FAILED: 3 } };
  const other = { total: 1, byStatus: { OPEN: 1 }, byCode: { SCHEMA_INVALID: 1 } };
  expect(addCounts([one, other])).toEqual({
    total: 4,
    byStatus: { OPEN: 3, PARKED: 1 },
    byCode: { HANDLER_FAILED: 3, SCHEMA_INVALID: 1 },
  });
  expect(addCounts([])).toEqual({ total: 0, byStatus: {}, byCode: {} });
});
