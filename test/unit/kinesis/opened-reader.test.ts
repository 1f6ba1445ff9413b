import { TidemarkError } from '../../../src/core/errors';
import type { Position } from '../../../src/core/positions';
import { HashRange } from '../../../src/kinesis/hash-range';
import type { RawRecord } from '../../../src/kinesis/kinesis-port';
import { OpenedReader } from '../../../src/kinesis/opened-reader';
import { PageMemory } from '../../../src/kinesis/page-memory';
import type { ReadResult } from '../../../src/kinesis/shard-reader';
import { aggregateOf, bytesField, record, sealed } from '../../support/kpl/messages';
import { hashKeyOf } from '../../support/scripted-kinesis/hash-keys';

const MAX_HASH_KEY = 2n ** 128n - 1n;
const WHOLE = new HashRange(0n, MAX_HASH_KEY);
const TRIM_HORIZON: Position = { at: 'TRIM_HORIZON' };

function raw(sequenceNumber: string, data: string | Uint8Array): RawRecord {
  return { sequenceNumber, partitionKey: 'outer', data: Buffer.from(data), arrivalMs: Number(sequenceNumber) };
}

function aggregate(...keys: string[]): Buffer {
  return aggregateOf(keys.map((key) => ({ key, data: key })));
}

class Scene {
  readonly leftOut: [string, number][] = [];
  asked = 0;
  private readonly reader: OpenedReader;

  constructor(pages: readonly (readonly RawRecord[])[], start = TRIM_HORIZON, range: HashRange | undefined = WHOLE) {
    const left = [...pages];
    const read = async (): Promise<ReadResult> => ({
      records: left.shift() ?? [],
      millisBehindLatest: 0,
      askedAtMs: 1,
    });
    const hashRange = async (): Promise<HashRange | undefined> => {
      this.asked += 1;
      return range;
    };
    const onLeftOut = (sequenceNumber: string, count: number): void => void this.leftOut.push([sequenceNumber, count]);
    this.reader = new OpenedReader({ read }, { start, hashRange, onLeftOut });
  }

  async read(): Promise<{ texts: string[]; passed?: string }> {
    const { records, passed } = await this.reader.read(new AbortController().signal);
    const texts = records.map(({ data, sequenceNumber, subSequenceNumber = '', hasMore }) => {
      return `${sequenceNumber}.${subSequenceNumber}${hasMore ? '+' : ''} ${String(data)}`;
    });
    return { texts, ...(passed ? { passed: passed.sequenceNumber } : {}) };
  }
}

/** The lower half of all hash keys has this one, the upper half that one. */
const LOW = 'c';
const HIGH = 'b';
const lowerHalf = new HashRange(0n, MAX_HASH_KEY / 2n);

it('the keys of these tests are where they are said to be', () => {
  expect([hashKeyOf(LOW) <= MAX_HASH_KEY / 2n, hashKeyOf(HIGH) > MAX_HASH_KEY / 2n]).toEqual([true, true]);
});

describe('a page', () => {
  it('has its aggregates opened, and everything else left alone', async () => {
    const damaged = Buffer.concat([aggregate('x').subarray(0, -1), Buffer.from('!')]);
    const plain = raw('1', 'plain');
    const scene = new Scene([[plain, raw('2', aggregate('x', 'y', 'z')), raw('3', damaged), raw('4', aggregate('w'))]]);
    const { texts } = await scene.read();
    expect(texts).toEqual(['1. plain', '2.0+ x', '2.1+ y', '2.2 z', `3. ${String(damaged)}`, '4.0 w']);
  });

  it('keeps the arrival of its records; the keys are those of the user records', async () => {
    const data = sealed(bytesField(1, 'ORD'), bytesField(2, '77'), record('a', 0, 0), record('b', 0));
    const reader = new OpenedReader(
      { read: async () => ({ records: [raw('9', data)], millisBehindLatest: 0, askedAtMs: 1 }) },
      { start: TRIM_HORIZON, hashRange: async () => undefined, onLeftOut: () => undefined },
    );
    const { records } = await reader.read(new AbortController().signal);
    expect(records).toMatchObject([
      { partitionKey: 'ORD', explicitHashKey: '77', arrivalMs: 9, subSequenceNumber: 0 },
      { partitionKey: 'ORD', arrivalMs: 9, subSequenceNumber: 1 },
    ]);
    expect(records[1]).not.toHaveProperty('explicitHashKey');
  });

  it('without aggregates asks for no hash range; with them once', async () => {
    const scene = new Scene([[raw('1', 'plain')], [raw('2', aggregate('x'))], [raw('3', aggregate('y'))]]);
    await scene.read();
    expect(scene.asked).toBe(0);
    await scene.read();
    await scene.read();
    expect(scene.asked).toBe(1);
  });
});

describe('reading that begins in the midst of an aggregate', () => {
  const pages = [[], [raw('7', aggregate('x', 'y', 'z')), raw('8', aggregate('w'))]];
  it.each<[string, Position, string[]]>([
    ['passes over what is committed', { at: 'AFTER', sequenceNumber: '7', subSequenceNumber: 1 }, ['7.2 z', '8.0 w']],
    ['passes over all of it', { at: 'AFTER', sequenceNumber: '7', subSequenceNumber: 2 }, ['8.0 w']],
    ['of which nothing is committed', { at: 'FROM', sequenceNumber: '7' }, ['7.0+ x', '7.1+ y', '7.2 z', '8.0 w']],
    [
      'that is no longer there',
      { at: 'AFTER', sequenceNumber: '6', subSequenceNumber: 1 },
      ['7.0+ x', '7.1+ y', '7.2 z', '8.0 w'],
    ],
  ])('%s', async (_, start, expected) => {
    const scene = new Scene(pages, start);
    expect((await scene.read()).texts).toEqual([]);
    expect((await scene.read()).texts).toEqual(expected);
    expect(scene.leftOut).toEqual([]);
  });

  it('passes over a whole record that KCL has committed as `.0`', async () => {
    const start: Position = { at: 'AFTER', sequenceNumber: '7', subSequenceNumber: 0 };
    expect((await new Scene([[raw('7', 'plain'), raw('8', 'next')]], start).read()).texts).toEqual(['8. next']);
    const within: Position = { ...start, subSequenceNumber: 1 };
    expect((await new Scene([[raw('7', 'plain')]], within).read()).texts).toEqual(['7. plain']);
  });
});

describe('user records of other shards', () => {
  it('are left out and told of; the indexes of the others stay', async () => {
    const scene = new Scene([[raw('1', aggregate(HIGH, LOW, HIGH))]], TRIM_HORIZON, lowerHalf);
    expect(await scene.read()).toEqual({ texts: [`1.1 ${LOW}`] });
    expect(scene.leftOut).toEqual([['1', 2]]);
  });

  it('are told by their explicit hash keys, where they have one', async () => {
    const data = sealed(
      bytesField(1, LOW),
      bytesField(1, HIGH),
      bytesField(2, '0'),
      bytesField(2, String(MAX_HASH_KEY / 2n)),
      bytesField(2, String(MAX_HASH_KEY / 2n + 1n)),
      record('a', 1, 0),
      record('b', 1, 1),
      record('c', 0, 2),
    );
    expect((await new Scene([[raw('1', data)]], TRIM_HORIZON, lowerHalf).read()).texts).toEqual(['1.0+ a', '1.1 b']);
  });

  it('are looked for in aggregates only', async () => {
    const plain = { ...raw('1', 'plain'), partitionKey: HIGH };
    expect((await new Scene([[plain, raw('2', aggregate(LOW))]], TRIM_HORIZON, lowerHalf).read()).texts).toHaveLength(
      2,
    );
  });

  it('are not known where the range of the shard is not', async () => {
    const scene = new Scene([[raw('1', aggregate(HIGH, LOW))]]);
    const unknown = new OpenedReader(
      { read: async () => ({ records: [raw('1', aggregate(HIGH, LOW))], millisBehindLatest: 0, askedAtMs: 1 }) },
      { start: TRIM_HORIZON, hashRange: async () => undefined, onLeftOut: () => undefined },
    );
    expect((await unknown.read(new AbortController().signal)).records).toHaveLength(2);
    expect((await scene.read()).texts).toHaveLength(2);
  });
});

it('gives back the room of a page when the hash keys of its shard are refused', async () => {
  const room = new PageMemory(100);
  const memory = await room.reserve(60, new AbortController().signal);
  const page = { records: [raw('1', aggregate(LOW))], millisBehindLatest: 0, askedAtMs: 1, memory };
  const hashRange = async (): Promise<HashRange | undefined> => {
    throw new TidemarkError('ACCESS_DENIED', 'planted');
  };
  const reader = new OpenedReader(
    { read: async () => page },
    { start: TRIM_HORIZON, hashRange, onLeftOut: () => undefined },
  );
  await expect(reader.read(new AbortController().signal)).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
  expect(room.held).toBe(0);
});

describe('an aggregate of which nothing is left', () => {
  it.each<[string, RawRecord]>([
    ['because it is of another shard', raw('5', aggregate(HIGH, HIGH))],
    ['because it is empty', raw('5', sealed(bytesField(1, 'ORD')))],
  ])('%s, is told of until a record follows', async (_, emptied) => {
    const pages = [[raw('4', 'a'), emptied], [], [emptied], [raw('6', 'b')], []];
    const scene = new Scene(pages, TRIM_HORIZON, lowerHalf);
    const read = async (): Promise<unknown> => scene.read();
    expect(await read()).toEqual({ texts: ['4. a'], passed: '5' });
    expect(await read()).toEqual({ texts: [], passed: '5' });
    expect(await read()).toEqual({ texts: [], passed: '5' });
    expect(await read()).toEqual({ texts: ['6. b'] });
    expect(await read()).toEqual({ texts: [] });
  });

  it('is of no account before a record that follows on its page', async () => {
    const scene = new Scene([[raw('5', aggregate(HIGH)), raw('6', aggregate(LOW, HIGH))]], TRIM_HORIZON, lowerHalf);
    expect(await scene.read()).toEqual({ texts: [`6.0 ${LOW}`] });
  });
});

describe('a range of hash keys', () => {
  it('is that of the listing, if it has one', () => {
    const shard = { shardId: 's', isClosed: false };
    expect(HashRange.of(shard)).toBeUndefined();
    const range = HashRange.of({ ...shard, startingHashKey: '0', endingHashKey: String(hashKeyOf(LOW)) });
    expect(range?.holds({ partitionKey: LOW })).toBe(true);
    const below = HashRange.of({ ...shard, startingHashKey: '0', endingHashKey: String(hashKeyOf(LOW) - 1n) });
    expect(below?.holds({ partitionKey: LOW })).toBe(false);
    const above = new HashRange(hashKeyOf(LOW) + 1n, MAX_HASH_KEY);
    expect(above.holds({ partitionKey: LOW })).toBe(false);
  });

  it('agrees with Kinesis for any key, also when it has seen very many', () => {
    const range = new HashRange(MAX_HASH_KEY / 4n, MAX_HASH_KEY / 2n);
    const keys = [...Array(25_000).keys()].map((index) => `key-${index % 15_000} ü`);
    const wrong = keys.filter((partitionKey) => {
      const hashKey = hashKeyOf(partitionKey);
      return range.holds({ partitionKey }) !== (hashKey >= MAX_HASH_KEY / 4n && hashKey <= MAX_HASH_KEY / 2n);
    });
    expect(wrong).toEqual([]);
  });
});
