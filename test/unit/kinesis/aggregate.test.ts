import fc from 'fast-check';

import { codeOf } from '../../../src/core/errors';
import { aggregate, type AggregateEntry, type ListedShard, type RecordToPut } from '../../../src/kinesis/aggregate';
import { readAggregate } from '../../../src/kinesis/aggregate-reader';
import { HashRange } from '../../../src/kinesis/hash-range';
import { theirAggregate, theirUserRecords } from '../../support/aws-kinesis-agg';
import { evenRanges, hashKeyOf } from '../../support/scripted-kinesis/hash-keys';

const MAX_HASH_KEY = 2n ** 128n - 1n;
const partitionKey = fc.oneof(
  fc.constantFrom('20', '3', 'abc', '1', 'toString', '__proto__'),
  fc.string({ minLength: 1, maxLength: 256, unit: 'binary' }),
);
const explicitHashKey = fc.option(fc.bigInt(0n, MAX_HASH_KEY).map(String), { nil: undefined });
const toPut: fc.Arbitrary<RecordToPut> = fc
  .record({ partitionKey, explicitHashKey, data: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)) })
  .map(({ explicitHashKey: given, ...record }) =>
    given === undefined ? record : { ...record, explicitHashKey: given },
  );
const shardCounts = fc.integer({ min: 1, max: 9 });

function shardsOf(count: number): ListedShard[] {
  return evenRanges(count).map(({ start, end }) => ({
    HashKeyRange: { StartingHashKey: String(start), EndingHashKey: String(end) },
  }));
}

/** By index of what was given. */
function unpacked(entries: readonly AggregateEntry[]): Map<number, unknown> {
  return new Map(
    entries.flatMap(({ Data, records }) => {
      const users = readAggregate(Data) ?? [];
      expect(users).toHaveLength(records.length);
      return users.map((user, at) => [records[at] ?? -1, { ...user, data: Buffer.from(user.data) }] as const);
    }),
  );
}

describe('aggregate', () => {
  it('loses, changes and repeats nothing', () => {
    fc.assert(
      fc.property(fc.array(toPut, { maxLength: 60 }), fc.option(shardCounts), (records, count) => {
        const shards = count === null ? {} : { shards: shardsOf(count) };
        const found = unpacked(aggregate(records, { maxBytes: 2_048, ...shards }));
        expect(records.map((_, index) => found.get(index))).toEqual(records);
        expect(found.size).toBe(records.length);
      }),
    );
  });

  it('puts together only what belongs to one shard, in order, within the size', () => {
    fc.assert(
      fc.property(fc.array(toPut, { maxLength: 60 }), shardCounts, (records, count) => {
        const shards = shardsOf(count);
        for (const entry of aggregate(records, { maxBytes: 2_048, maxRecords: 20, shards })) {
          const range = evenRanges(count).find(({ start, end }) => {
            return BigInt(entry.ExplicitHashKey) >= start && BigInt(entry.ExplicitHashKey) <= end;
          });
          const users = readAggregate(entry.Data) ?? [];
          const hashRange = new HashRange(range?.start ?? 1n, range?.end ?? 0n);
          expect(users.every((user) => hashRange.holds(user))).toBe(true);
          expect(entry.records).toEqual(entry.records.toSorted((a, b) => a - b));
          expect(entry.records.length).toBeLessThanOrEqual(20);
          expect(entry.Data.length + Buffer.byteLength(entry.PartitionKey)).toBeLessThanOrEqual(2_048);
        }
      }),
    );
  });

  it('fills aggregates up to the last byte', () => {
    const records = Array.from({ length: 3_000 }, (_, index) => ({
      partitionKey: 'ORD',
      data: `${index}`.repeat(100),
    }));
    const entries = aggregate(records);
    const sizes = entries.map(({ Data, PartitionKey }) => Data.length + PartitionKey.length);
    expect(sizes).toHaveLength(2);
    expect(sizes[0]).toBeGreaterThan(1_048_576 - 420);
    expect(sizes[0]).toBeLessThanOrEqual(1_048_576);
    const exactly = aggregate([{ partitionKey: 'k', data: Buffer.alloc(1_048_576 - 1 - 4 - 16 - 3 - 4 - 2 - 4) }]);
    expect(exactly.map(({ Data }) => [Data.length, readAggregate(Data)?.length])).toEqual([[1_048_575, 1]]);
  });

  it('keeps to one hash key where it does not know the shards', () => {
    const entries = aggregate([
      { partitionKey: 'a', data: '1' },
      { partitionKey: 'b', data: '2' },
      { partitionKey: 'a', data: '3' },
      { partitionKey: 'c', explicitHashKey: String(hashKeyOf('a')), data: '4' },
      { partitionKey: 'a', explicitHashKey: '0', data: '5' },
    ]);
    expect(entries.map(({ records }) => records)).toEqual([[0, 2, 3], [1], [4]]);
    expect(entries.map((entry) => entry.ExplicitHashKey)).toEqual([
      String(hashKeyOf('a')),
      String(hashKeyOf('b')),
      '0',
    ]);
  });

  it('passes over shards that are closed, or without a range', () => {
    const [low, high] = shardsOf(2);
    const parent = { ...shardsOf(1)[0], SequenceNumberRange: { EndingSequenceNumber: '1' } };
    const records = ['b', 'c', 'b'].map((key) => ({ partitionKey: key, data: key }));
    const entries = aggregate(records, { shards: [parent, {}, low ?? {}, high ?? {}] });
    expect(entries.map((entry) => entry.records)).toEqual([[0, 2], [1]]);
  });

  it('leaves a record as it is that fits no aggregate', () => {
    const data = Buffer.alloc(1_048_576 - 3);
    const [{ Data, ...entry } = { Data: Buffer.alloc(0) }] = aggregate([{ partitionKey: 'ORD', data }]);
    expect(entry).toEqual({ PartitionKey: 'ORD', ExplicitHashKey: String(hashKeyOf('ORD')), records: [0] });
    expect(data.equals(Data)).toBe(true);
    expect(aggregate([])).toEqual([]);
  });

  it.each<[string, RecordToPut[], object]>([
    ['a record that no record of Kinesis can hold', [{ partitionKey: 'ORD', data: Buffer.alloc(1_048_576) }], {}],
    ['no partition key', [{ partitionKey: '', data: 'a' }], {}],
    ['a long partition key', [{ partitionKey: 'x'.repeat(257), data: 'a' }], {}],
    ['data that is none', [{ partitionKey: 'a', data: 7 as unknown as string }], {}],
    [
      'a hash key that is too large',
      [{ partitionKey: 'a', explicitHashKey: String(MAX_HASH_KEY + 1n), data: 'a' }],
      {},
    ],
    ['a hash key with a sign', [{ partitionKey: 'a', explicitHashKey: '-1', data: 'a' }], {}],
    ['a size beyond that of Kinesis', [], { maxBytes: 10 * 1_024 * 1_024 + 1 }],
    ['no records', [], { maxRecords: 0 }],
    [
      'shards that do not cover a record',
      [{ partitionKey: 'a', explicitHashKey: '9', data: 'a' }],
      { shards: [{ HashKeyRange: { StartingHashKey: '0', EndingHashKey: '8' } }] },
    ],
  ])('refuses %s', (_, records, options) => {
    const attempt = (): unknown => aggregate(records, options);
    expect(attempt).toThrow('Expected');
    let code: unknown;
    try {
      attempt();
    } catch (error) {
      code = codeOf(error);
    }
    expect(code).toBe('INVALID_OPTION');
  });
});

describe('with aws-kinesis-agg', () => {
  /** Its reader gives records without an explicit hash key the first one of the table. */
  const evenlyKeyed = fc.boolean().chain((hasHashKeys) =>
    fc.array(
      toPut.map(({ explicitHashKey: given = '7', ...record }) =>
        hasHashKeys ? { ...record, explicitHashKey: given } : record,
      ),
      { minLength: 1, maxLength: 30 },
    ),
  );

  it('its reader reads what `aggregate` writes', () => {
    fc.assert(
      fc.property(evenlyKeyed, (records) => {
        const shards = shardsOf(1);
        const [entry] = aggregate(records, { shards });
        const users = theirUserRecords(Buffer.from(entry?.Data ?? []).toString('base64'));
        expect(users.map(({ subSequenceNumber }) => subSequenceNumber)).toEqual([...records.keys()]);
        expect(
          users.map((user) => ({
            partitionKey: user.partitionKey,
            ...(user.explicitPartitionKey === undefined ? {} : { explicitHashKey: user.explicitPartitionKey }),
            data: Buffer.from(user.data, 'base64'),
          })),
        ).toEqual(records);
      }),
    );
  });

  it('what its writer writes is read here', () => {
    // Its tables are objects, which put keys that look like numbers first, and take `__proto__` for something else: it reassigns such keys.
    const plainKey = fc.stringMatching(/^[A-Za-z]{1,20}$/).filter((key) => !(key in {}));
    const records = fc.array(
      fc.record({
        partitionKey: plainKey,
        data: fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      }),
      { minLength: 1, maxLength: 30 },
    );
    fc.assert(
      fc.property(records, (given) => {
        const users = readAggregate(theirAggregate(given));
        expect(users?.map((user) => ({ ...user, data: Buffer.from(user.data) }))).toEqual(given);
      }),
    );
  });

  it('its reassignment of keys is of its writer: they are read as they were written', () => {
    const keys = ['20', '3', 'abc', '1'];
    const written = theirAggregate(keys.map((key) => ({ partitionKey: key, data: Buffer.from(key) })));
    expect(readAggregate(written)?.map((user) => user.partitionKey)).toEqual(['1', '3', '20', 'abc']);
    const [entry] = aggregate(
      keys.map((key) => ({ partitionKey: key, data: key })),
      { shards: shardsOf(1) },
    );
    expect(readAggregate(entry?.Data ?? new Uint8Array())?.map((user) => user.partitionKey)).toEqual(keys);
  });

  it('a wrong digest is an error there, and an ordinary record here', () => {
    const [entry] = aggregate([{ partitionKey: 'ORD', data: 'a' }]);
    const damaged = Buffer.from(entry?.Data ?? []);
    damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
    expect(() => theirUserRecords(damaged.toString('base64'))).toThrow('Invalid record checksum');
    expect(readAggregate(damaged)).toBeUndefined();
  });
});
