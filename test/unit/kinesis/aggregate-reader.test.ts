import fc from 'fast-check';

import { readAggregate } from '../../../src/kinesis/aggregate-reader';
import { aggregateOf, bytesField, record, sealed, varint, varintField } from '../../support/kpl/messages';

function textsOf(data: Uint8Array): unknown {
  return readAggregate(data)?.map(({ data: payload, ...keys }) => ({ ...keys, data: Buffer.from(payload).toString() }));
}

const KEY = bytesField(1, 'ORD');

describe('an aggregate', () => {
  it.each<[string, Buffer, unknown]>([
    [
      'gives its user records in order',
      sealed(KEY, bytesField(1, 'Zürich'), record('a', 1), record('b', 0)),
      [
        { partitionKey: 'Zürich', data: 'a' },
        { partitionKey: 'ORD', data: 'b' },
      ],
    ],
    [
      'gives explicit hash keys to those records only that have one',
      sealed(
        KEY,
        bytesField(2, '7'),
        bytesField(2, '340282366920938463463374607431768211455'),
        record('a', 0, 1),
        record('b'),
      ),
      [
        { partitionKey: 'ORD', explicitHashKey: '340282366920938463463374607431768211455', data: 'a' },
        { partitionKey: 'ORD', data: 'b' },
      ],
    ],
    ['may hold records without data', sealed(KEY, record('')), [{ partitionKey: 'ORD', data: '' }]],
    ['may hold no records', sealed(KEY), []],
    ['may have its tables behind the records', sealed(record('a'), KEY), [{ partitionKey: 'ORD', data: 'a' }]],
    [
      'may hold what looks like one',
      sealed(KEY, record(sealed(KEY, record('inner')))),
      [{ partitionKey: 'ORD', data: sealed(KEY, record('inner')).toString() }],
    ],
    [
      'may hold tags and fields of later versions',
      sealed(
        KEY,
        varintField(9, 2n ** 64n - 1n),
        bytesField(10, 'new'),
        Buffer.from([(11 << 3) | 5, 1, 2, 3, 4]),
        Buffer.from([(12 << 3) | 1, 1, 2, 3, 4, 5, 6, 7, 8]),
        bytesField(
          3,
          Buffer.concat([
            varintField(1, 0),
            bytesField(4, bytesField(1, 'tag')),
            bytesField(3, 'a'),
            varintField(15, 1),
          ]),
        ),
      ),
      [{ partitionKey: 'ORD', data: 'a' }],
    ],
    [
      'has a field twice: the last one holds, as protobuf says',
      sealed(KEY, bytesField(3, Buffer.concat([bytesField(3, 'no'), varintField(1, 0), bytesField(3, 'yes')]))),
      [{ partitionKey: 'ORD', data: 'yes' }],
    ],
    [
      'has a known field of another type: it counts as unknown',
      sealed(KEY, varintField(1, 5), varintField(3, 5), record('a')),
      [{ partitionKey: 'ORD', data: 'a' }],
    ],
    [
      'writes its numbers longer than need be',
      sealed(KEY, bytesField(3, Buffer.concat([Buffer.from([0x08, 0x80, 0x80, 0x00]), bytesField(3, 'a')]))),
      [{ partitionKey: 'ORD', data: 'a' }],
    ],
  ])('%s', (_, bytes, expected) => {
    expect(textsOf(bytes)).toEqual(expected);
  });

  it('is not copied: payloads are views of it', () => {
    const around = Buffer.concat([Buffer.from('page'), sealed(KEY, record('abc')), Buffer.from('page')]);
    const [user] = readAggregate(around.subarray(4, -4)) ?? [];
    expect(user?.data.buffer).toBe(around.buffer);
    around.fill('x', around.indexOf('abc'), around.indexOf('abc') + 3);
    expect(Buffer.from(user?.data ?? []).toString()).toBe('xxx');
  });

  it('is read from any Uint8Array', () => {
    expect(textsOf(new Uint8Array(sealed(KEY, record('a'))))).toEqual([{ partitionKey: 'ORD', data: 'a' }]);
  });
});

describe('what is no valid aggregate', () => {
  const right = sealed(KEY, record('a'));
  it.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array()],
    ['another beginning', Buffer.concat([Buffer.from('{"magic":0}'), right])],
    ['the magic alone', right.subarray(0, 4)],
    ['no message between magic and digest, which KCL does not take for one', sealed()],
    ['one bit of the digest', Buffer.concat([right.subarray(0, -1), Buffer.from([(right.at(-1) ?? 0) ^ 1])])],
    ['the digest over the magic too', Buffer.concat([right.subarray(0, -16), sealed(right).subarray(-16)])],
    ['a record without a partition key', sealed(KEY, bytesField(3, bytesField(3, 'a')))],
    ['a record without data', sealed(KEY, bytesField(3, varintField(1, 0)))],
    ['a partition key out of its table', sealed(KEY, record('a', 1))],
    ['a partition key far out of its table', sealed(KEY, record('a', 2n ** 64n - 1n))],
    ['an explicit hash key out of its table', sealed(KEY, record('a', 0, 0))],
    ['an explicit hash key that is no number', sealed(KEY, bytesField(2, '0x7'), record('a', 0, 0))],
    ['a good record before a wrong one', sealed(KEY, record('a'), record('b', 1))],
    ['a number without an end', sealed(KEY, Buffer.from([0x80]))],
    [
      'a number of eleven bytes',
      sealed(KEY, Buffer.concat([varint(9 << 3), Buffer.alloc(10, 0x80), Buffer.from([0])])),
    ],
    ['a length beyond the message', sealed(KEY, Buffer.from([0x1a, 0x7f]))],
    ['a length of 2^63', sealed(KEY, Buffer.concat([Buffer.from([0x1a]), varint(2n ** 63n)]))],
    [
      'a data length beyond its record',
      sealed(KEY, bytesField(3, Buffer.from([0x08, 0x00, 0x1a, 0x05, 1])), record('abcdef')),
    ],
    ['a fixed number that is cut off', sealed(KEY, Buffer.from([(9 << 3) | 1, 1, 2]))],
    ['a group', sealed(KEY, Buffer.from([(9 << 3) | 3, (9 << 3) | 4]))],
    ['field number 0', sealed(KEY, Buffer.from([0x00, 0x01]))],
  ])('%s', (_, bytes) => {
    expect(readAggregate(bytes)).toBeUndefined();
  });
});

describe('damage', () => {
  const good = aggregateOf([
    { key: 'ORD', data: '{"delay":7}' },
    { key: 'JFK', data: '' },
    { key: 'LAX', data: 'x'.repeat(200) },
  ]);
  const message = good.subarray(4, -16);

  it('of any byte, or an end at any byte, is found by the digest', () => {
    const passed = [...cutsAndFlips(good)].filter((bytes) => readAggregate(bytes) !== undefined);
    expect(passed).toEqual([]);
  });

  it('under a right digest never gives payloads from elsewhere, and never throws', () => {
    const wrong = [...cutsAndFlips(message)].map((bytes) => sealed(bytes)).filter((bytes) => !isSane(bytes));
    expect(wrong).toEqual([]);
  });

  it('of any kind is borne', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => isSane(sealed(bytes))),
      { numRuns: 2_000 },
    );
    const pieces = fc.oneof(
      fc.string().map((text) => bytesField(1, text)),
      fc.tuple(fc.uint8Array({ maxLength: 20 }), fc.bigInt(0n, 3n)).map(([data, key]) => record(data, key)),
      fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes)),
      fc.bigInt(0n, 2n ** 64n - 1n).map((value) => Buffer.concat([Buffer.from([0x1a]), varint(value)])),
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => isSane(sealed(...parts))),
      { numRuns: 2_000 },
    );
  });
});

function* cutsAndFlips(good: Buffer): Generator<Buffer> {
  for (let at = 0; at < good.length; at += 1) {
    yield good.subarray(0, at);
    for (let bit = 0; bit < 8; bit += 1) {
      const damaged = Buffer.from(good);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << bit);
      yield damaged;
    }
  }
}

/** Whatever is read of it is in it. */
function isSane(bytes: Buffer): boolean {
  const records = readAggregate(bytes);
  return (records ?? []).every(({ data, partitionKey, explicitHashKey = '0' }) => {
    const start = data.byteOffset - bytes.byteOffset;
    const isInside = start >= 4 && start + data.byteLength <= bytes.byteLength - 16;
    return (
      isInside && data.buffer === bytes.buffer && typeof partitionKey === 'string' && /^\d+$/.test(explicitHashKey)
    );
  });
}
