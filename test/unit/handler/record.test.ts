import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';

import { KinesisRecord } from '../../../src/handler/record';
import type { RawRecord } from '../../../src/kinesis/kinesis-port';

const SHARD = {
  consumer: 'delays',
  streamName: 'flights',
  streamArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/flights',
  createdAtMs: 1_767_225_600_000,
  shardId: 'shardId-000000000000',
};
const RAW = {
  sequenceNumber: '49590338271490256608559692538361571095921575989136588898',
  partitionKey: 'ORD',
  data: Buffer.from('{"delay":7}'),
  arrivalMs: 1_767_225_600_123,
};

interface Place {
  readonly sequenceNumber: string;
  readonly subSequenceNumber?: number;
}

function recordOf(raw: Partial<RawRecord> = {}, shard: Partial<typeof SHARD> = {}): KinesisRecord {
  return new KinesisRecord({ ...RAW, ...raw }, { ...SHARD, ...shard });
}

describe('the payload', () => {
  it('is the bytes that the producer put, as text and as JSON', () => {
    const record = recordOf({ data: Buffer.from('{"город":"Köln 🚆"}') });
    expect(record.text()).toBe('{"город":"Köln 🚆"}');
    expect(record.json()).toEqual({ город: 'Köln 🚆' });
    expect(recordOf({ data: Buffer.alloc(0) }).text()).toBe('');
  });

  it('is there during the call of the handler only: asked for later, it says so, and what the record is stays known', () => {
    const page = Buffer.allocUnsafeSlow(100).fill('x');
    const record = recordOf({ data: page.subarray(10, 20) });
    const empty = recordOf({ data: page.subarray(20, 20) });
    const kept = record.copy();
    structuredClone(page.buffer, { transfer: [page.buffer] });
    for (const ask of [() => record.data, () => record.text(), () => record.json(), () => record.copy()])
      expect(ask).toThrow(expect.objectContaining({ code: 'RECORD_GONE' }) as Error);
    expect(Buffer.from(kept).toString()).toBe('x'.repeat(10));
    expect(record).toMatchObject({ partitionKey: 'ORD', sequenceNumber: RAW.sequenceNumber });
    expect(record.toJSON().bytes).toBe(10);
    expect(record.idempotencyKey).toHaveLength(43);
    expect(empty.text()).toBe('');
  });

  it('may be a view of a page: nothing around it is read', () => {
    const page = Buffer.from('before{"a":1}after');
    const record = recordOf({ data: page.subarray(6, 13) });
    expect(record.json()).toEqual({ a: 1 });
    expect(record.data).toHaveLength(7);
  });

  it('of a copy lives in memory of its own', () => {
    const page = Buffer.from('before-data-after');
    const record = recordOf({ data: page.subarray(7, 11) });
    const copy = record.copy();
    page.fill(0);
    expect(Buffer.from(copy).toString()).toBe('data');
    expect(copy.buffer.byteLength).toBe(4);
  });

  it('that is no JSON is the caller’s error', () => {
    expect(() => recordOf({ data: Buffer.from('no') }).json()).toThrow(SyntaxError);
  });
});

it('has its arrival time and its shard', () => {
  const record = recordOf();
  expect(record.arrivalTime.toISOString()).toBe('2026-01-01T00:00:00.123Z');
  expect(record.shardId).toBe(SHARD.shardId);
});

describe('the idempotency key', () => {
  it('never changes: it stands in the tables of users', () => {
    expect(recordOf().idempotencyKey).toBe('iPWdLc0U_7eGWEsION-41jKC4oez6CUYy7MdsLih7KU');
  });

  it('does not depend on the consumer, the payload, the key or the time', () => {
    const other = recordOf(
      { data: Buffer.from('x'), partitionKey: 'JFK', arrivalMs: 1 },
      { consumer: 'other', streamName: 'x' },
    );
    expect(other.idempotencyKey).toBe(recordOf().idempotencyKey);
  });

  it('of a user record has its index too, and so never changes either', () => {
    const user = recordOf({ subSequenceNumber: 0 });
    expect(user.idempotencyKey).toBe(
      createHash('sha256')
        .update(`${SHARD.streamArn}\n1767225600000\nshardId-000000000000\n${RAW.sequenceNumber}.0`)
        .digest('base64url'),
    );
    expect(user.idempotencyKey).not.toBe(recordOf().idempotencyKey);
  });

  it('differs for every other record of every other shard of every other stream', () => {
    const identity = fc.record({
      streamArn: fc.constantFrom('arn:1', 'arn:11', 'arn'),
      createdAtMs: fc.integer({ min: 1, max: 11 }),
      shardId: fc.constantFrom('shardId-1', 'shardId-11'),
      sequenceNumber: fc.bigInt({ min: 1n, max: 111n }).map(String),
      subSequenceNumber: fc.constantFrom(undefined, 0, 1, 11),
    });
    const keyOf = (identity: Place & Partial<typeof SHARD>): string => {
      const { sequenceNumber, subSequenceNumber, ...shard } = identity;
      return recordOf({ sequenceNumber, subSequenceNumber }, shard).idempotencyKey;
    };
    fc.assert(
      fc.property(identity, identity, (a, b) => {
        expect(keyOf(a) === keyOf(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
        expect(keyOf(a)).toMatch(/^[A-Za-z0-9_-]{43}$/);
      }),
    );
  });
});

describe('a record that is logged', () => {
  const secret = recordOf({ data: Buffer.from('canary'), partitionKey: 'canary-key' });

  it.each([
    ['as JSON', JSON.stringify({ records: [secret] })],
    ['by console.log', inspect({ records: [secret] }, { depth: 10 })],
  ])('%s shows no data and no partition key', (_, text) => {
    expect(text).not.toContain('canary');
    expect(text).not.toContain(Buffer.from('canary').toString('hex'));
    expect(text).not.toContain('63 61 6e');
  });

  it('shows which one it is', () => {
    expect(JSON.parse(JSON.stringify(secret))).toEqual({
      shardId: SHARD.shardId,
      sequenceNumber: RAW.sequenceNumber,
      bytes: 6,
    });
    expect(inspect(secret)).toContain(RAW.sequenceNumber);
    expect(JSON.parse(JSON.stringify(recordOf({ subSequenceNumber: 0 })))).toMatchObject({ subSequenceNumber: 0 });
  });
});
