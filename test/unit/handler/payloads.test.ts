import fc from 'fast-check';

import { lend, unpack, type Loan } from '../../../src/handler/thread/payloads';
import type { RawRecord } from '../../../src/kinesis/kinesis-port';
import { noteViews } from '../../../src/kinesis/page-views';

/** What a message does with a loan: the payloads change hands. */
function sent({ packed, transfer }: Loan): { records: RawRecord[]; buffers: ArrayBuffer[] } {
  const clone = structuredClone(packed, { transfer: [...transfer] });
  return { records: unpack(clone), buffers: clone.buffers.slice(0, clone.borrowed) };
}

function back(loan: Loan, buffers: readonly ArrayBuffer[]): void {
  loan.giveBack(structuredClone(buffers, { transfer: [...buffers] }));
}

/** A page as the decoder makes it: one block, a view per record. */
function pageOf(payloads: readonly Uint8Array[], slackBytes = 0): RawRecord[] {
  const block = Buffer.allocUnsafeSlow(payloads.reduce((sum, { length }) => sum + length, slackBytes));
  let offset = 0;
  return payloads.map((payload, index) => {
    block.set(payload, offset);
    offset += payload.length;
    const data = block.subarray(offset - payload.length, offset);
    return { sequenceNumber: String(index), partitionKey: `key-${index}`, data, arrivalMs: index };
  });
}

/** Larger than Node's pool of small buffers. */
const LARGE = Buffer.poolSize + 1;
const large = (fill: number): Uint8Array => new Uint8Array(LARGE).fill(fill);
const bytesOf = (records: readonly RawRecord[]): number[] => records.map(({ data }) => data.byteLength);
const fillsOf = (records: readonly RawRecord[]): (number | undefined)[] => records.map(({ data }) => data[0]);

it('a page that the records cover wholly goes itself, and comes back', () => {
  const records = pageOf([large(1), new Uint8Array(), large(2)]);
  const { buffer } = records[0]?.data ?? {};
  const loan = lend(records, false);
  expect(loan.packed.buffers).toHaveLength(1);
  expect(loan.packed.buffers[0] === buffer).toBe(true);
  const { records: there, buffers } = sent(loan);
  expect(bytesOf(records)).toEqual([0, 0, 0]);
  expect(fillsOf(there)).toEqual([1, undefined, 2]);
  back(loan, buffers);
  expect(bytesOf(there)).toEqual([0, 0, 0]);
  expect(fillsOf(records)).toEqual([1, undefined, 2]);
  expect(bytesOf(records)).toEqual([LARGE, 0, LARGE]);
});

/** A page in CBOR: views with other things before, between and behind them. */
function gappyPageOf(payloads: readonly Uint8Array[]): RawRecord[] {
  const page = Buffer.allocUnsafeSlow(payloads.reduce((sum, { length }) => sum + length + 100, 100));
  let offset = 100;
  const records = payloads.map((payload, index) => {
    page.set(payload, offset);
    const data = page.subarray(offset, offset + payload.length);
    offset += payload.length + 100;
    return { sequenceNumber: String(index), partitionKey: `key-${index}`, data, arrivalMs: index };
  });
  noteViews(page, records.filter(({ data }) => data.byteLength > 0).length);
  return records;
}

it('a page with gaps goes itself where all its records go, again and again', () => {
  const records = gappyPageOf([large(1), new Uint8Array(), large(2)]);
  for (const _ of ['first', 'second']) {
    const loan = lend(records, false);
    expect(loan.packed).toMatchObject({ borrowed: 1, buffers: { length: 1 } });
    const { records: there, buffers } = sent(loan);
    expect([bytesOf(records), fillsOf(there)]).toEqual([
      [0, 0, 0],
      [1, undefined, 2],
    ]);
    back(loan, buffers);
    expect([bytesOf(records), fillsOf(records)]).toEqual([
      [LARGE, 0, LARGE],
      [1, undefined, 2],
    ]);
  }
});

it.each([
  ['of which another record stays', gappyPageOf([large(1), large(2)]).slice(1)],
  ['whose records come in another order', gappyPageOf([large(1), large(2)]).toReversed()],
  [
    'with one record twice',
    gappyPageOf([large(1), large(2)]).flatMap((record, at) => (at === 0 ? [record, record] : [])),
  ],
])('a page with gaps %s stays, and copies go', (_, records) => {
  const before = fillsOf(records);
  const loan = lend(records, false);
  expect(loan.packed).toMatchObject({ borrowed: 0, buffers: { length: 1 } });
  expect(fillsOf(sent(loan).records)).toEqual(before);
  expect(fillsOf(records)).toEqual(before);
});

it.each([
  ['that other records share', pageOf([large(1), large(2)]).slice(1)],
  ['with room behind the last record', pageOf([large(1)], 1)],
  ['whose records come in another order', pageOf([large(1), large(2)]).toReversed()],
  ['that is shared memory', [{ ...pageOf([large(1)])[0], data: new Uint8Array(new SharedArrayBuffer(LARGE)).fill(1) }]],
] as [string, RawRecord[]][])('a page %s stays, and copies go', (_, records) => {
  const before = fillsOf(records);
  const loan = lend(records, false);
  expect(loan.packed).toMatchObject({ borrowed: 0, buffers: { length: 1 } });
  expect(fillsOf(sent(loan).records)).toEqual(before);
  expect(fillsOf(records)).toEqual(before);
});

it('payloads that are to be kept are copied', () => {
  const records = pageOf([large(1), large(2)]);
  const there = sent(lend(records, true)).records;
  expect([fillsOf(records), fillsOf(there)]).toEqual([
    [1, 2],
    [1, 2],
  ]);
});

it('small buffers stay: Node gives them out of a pool that strangers share', () => {
  const records = Array.from({ length: 2_000 }, (_, index) => ({
    sequenceNumber: String(index),
    partitionKey: 'k',
    data: Buffer.from(`payload ${index}`),
    arrivalMs: 0,
  }));
  const loan = lend(records, false);
  expect(loan.packed.borrowed).toBe(0);
  sent(loan);
  expect(records.map(({ data }) => String(data))).toEqual(records.map((_, index) => `payload ${index}`));
});

it('payloads that do not come back cannot be taken for empty ones', () => {
  const records = [...pageOf([large(1)]), ...pageOf([Uint8Array.of(7)]), ...pageOf([new Uint8Array()])];
  const loan = lend(records, false);
  sent(loan);
  for (let time = 0; time < 2; time += 1) loan.writeOff();
  expect(() => records[0]?.data).toThrow('The payload of a record went with the thread that had it');
  expect(() => lend(records, false)).toThrow('The payload of a record went');
  expect(bytesOf(records.slice(1))).toEqual([1, 0]);
});

it('fewer buffers than were borrowed are as good as none', () => {
  const records = pageOf([large(1)]);
  const loan = lend(records, false);
  sent(loan);
  loan.giveBack([]);
  expect(() => records[0]?.data).toThrow('The payload of a record went');
});

it('whatever the pages and the batch: what arrives is what was sent, and afterwards everything is as before', () => {
  const payload = fc.oneof(
    fc.uint8Array({ maxLength: 20 }),
    fc
      .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 9_000 }))
      .map(([fill, more]) => new Uint8Array(4_000 + more).fill(fill)),
  );
  const pages = fc.array(fc.array(payload, { maxLength: 5 }), { maxLength: 4 });
  fc.assert(
    fc.property(pages, fc.nat({ max: 3 }), fc.nat({ max: 3 }), fc.boolean(), (given, skip, cut, isKept) => {
      const all = given.flatMap((payloads) => pageOf(payloads));
      const batch = all.slice(skip, all.length - cut);
      const before = all.map(({ data, ...rest }) => ({ ...rest, text: Buffer.from(data).toString('hex') }));
      const now = (records: readonly RawRecord[]): unknown =>
        records.map(({ data, ...rest }) => ({ ...rest, text: Buffer.from(data).toString('hex') }));
      const loan = lend(batch, isKept);
      const { records, buffers } = sent(loan);
      expect(now(records)).toEqual(before.slice(skip, all.length - cut));
      // Records that are not of the batch are never touched.
      expect(now(all.slice(0, skip))).toEqual(before.slice(0, skip));
      if (isKept) expect(now(all)).toEqual(before);
      back(loan, buffers);
      expect(now(all)).toEqual(before);
    }),
  );
});

it('user records of aggregates keep their indexes and hash keys, and are copied out of what they came in', () => {
  const aggregate = Buffer.allocUnsafeSlow(LARGE);
  const records: RawRecord[] = [
    { sequenceNumber: '1', partitionKey: 'plain', data: Buffer.from('a'), arrivalMs: 1 },
    { sequenceNumber: '2', subSequenceNumber: 0, partitionKey: 'ORD', data: aggregate.subarray(10, 20), arrivalMs: 2 },
    {
      sequenceNumber: '2',
      subSequenceNumber: 1,
      partitionKey: 'JFK',
      explicitHashKey: '7',
      data: aggregate.subarray(30, 40),
      arrivalMs: 2,
    },
  ];
  const there = sent(lend(records, false)).records;
  expect(there.map(({ data, ...record }) => ({ ...record, data: Buffer.from(data) }))).toEqual(records);
  expect('subSequenceNumber' in (there[0] ?? {})).toBe(false);
  expect(lend(records.slice(0, 1), true).packed).not.toHaveProperty('subSequenceNumbers');
});
