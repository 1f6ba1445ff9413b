import fc from 'fast-check';
import { decodeCborPage } from '../../../src/kinesis/cbor-page';
import { viewsOf } from '../../../src/kinesis/page-views';
import { encodeCbor, type CborForm } from '../../support/scripted-kinesis/cbor';

const form: fc.Arbitrary<CborForm> = fc.record({
  data: fc.constantFrom('bytes', 'base64'),
  time: fc.constantFrom('tagged ms', 'ms', 'float seconds'),
  indefinite: fc.boolean(),
});
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });
const sizes = fc.array(fc.nat(20_000), { maxLength: 12 });

function answer(payloads: readonly Uint8Array[]): object {
  return {
    MillisBehindLatest: 7_000_000,
    NextShardIterator: 'next',
    ChildShards: [{ ShardId: 'shardId-1', ParentShards: ['shardId-0'] }],
    Records: payloads.map((data, index) => ({
      SequenceNumber: String(index).padStart(56, '49'),
      ApproximateArrivalTimestamp: 1_767_225_600.123,
      Data: Buffer.from(data).toString('base64'),
      PartitionKey: `key é ${index}`,
    })),
    Unknown: { a: [1, { b: 'c' }] },
  };
}

/** Each piece in memory of its own, as they come from a socket. */
function inPieces(body: Uint8Array, at: readonly number[]): Buffer[] {
  const borders = [0, ...at.map((share) => Math.floor(share * body.length)).toSorted((a, b) => a - b), body.length];
  return borders.slice(1).map((end, index) => {
    const piece = Buffer.allocUnsafeSlow(end - (borders[index] ?? 0));
    piece.set(body.subarray(borders[index], end));
    return piece;
  });
}

/** The page with plain payloads, or how it is refused. */
function outcomeOf(parts: readonly Buffer[]): unknown {
  try {
    const page = decodeCborPage(parts);
    return {
      ...page,
      records: page.records.map((record) => ({ ...record, data: Buffer.from(record.data).toString('hex') })),
    };
  } catch (error) {
    if (error instanceof Error && 'code' in error) return error.code;
    throw error;
  }
}

const payloadsOf = (lengths: readonly number[]): Uint8Array[] =>
  lengths.map((length, index) => new Uint8Array(length).fill(index + 1));

it('is the same page wherever its pieces end', () => {
  fc.assert(
    fc.property(sizes, form, cuts, (lengths, cborForm, at) => {
      const body = Buffer.from(encodeCbor(answer(payloadsOf(lengths)), cborForm));
      expect(outcomeOf(inPieces(body, at))).toEqual(outcomeOf([body]));
    }),
    { numRuns: 300 },
  );
});

it('is the same page in pieces of any one size', () => {
  for (const indefinite of [false, true]) {
    const body = Buffer.from(
      encodeCbor(answer(payloadsOf([0, 3, 700])), { data: 'bytes', time: 'tagged ms', indefinite }),
    );
    const whole = outcomeOf([body]);
    for (let size = 1; size <= body.length; size += 1) {
      const pieces: Buffer[] = [];
      for (let at = 0; at < body.length; at += size) pieces.push(body.subarray(at, at + size));
      expect(outcomeOf(pieces)).toEqual(whole);
    }
  }
});

// A record without a time gets that of its decoding.
beforeAll(() => void jest.spyOn(Date, 'now').mockReturnValue(1_767_225_600_000));
afterAll(() => jest.restoreAllMocks());

it('refuses the same bytes wherever their pieces end', () => {
  const body = Buffer.from(encodeCbor(answer(payloadsOf([5, 40, 6_000]))));
  const flips = fc.array(fc.tuple(fc.nat(body.length - 1), fc.nat(7)), { maxLength: 3 });
  fc.assert(
    fc.property(flips, fc.nat(body.length), cuts, (flipped, end, at) => {
      const damaged = Buffer.from(body);
      for (const [place, bit] of flipped) damaged[place] = (damaged[place] ?? 0) ^ (1 << bit);
      const bytes = flipped.length > 0 ? damaged : damaged.subarray(0, end);
      expect(outcomeOf(inPieces(bytes, at))).toEqual(outcomeOf([bytes]));
    }),
    { numRuns: 3_000 },
  );
});

it('copies only records that lie in more than one piece', () => {
  const body = Buffer.from(encodeCbor(answer(payloadsOf(Array.from({ length: 200 }, () => 1_000)))));
  const pieces = inPieces(body, [0.25, 0.5, 0.75]);
  const { records } = decodeCborPage(pieces);
  const memories = new Set<ArrayBufferLike>(pieces.map(({ buffer }) => buffer));
  const copied = records.filter(({ data }) => !memories.has(data.buffer));
  expect(records).toHaveLength(200);
  expect(copied.length).toBeLessThanOrEqual(3);
  const views = pieces.map(({ buffer }) => viewsOf(buffer) ?? 0);
  expect(views.reduce((sum, count) => sum + count, 0)).toBe(200 - copied.length);
});
