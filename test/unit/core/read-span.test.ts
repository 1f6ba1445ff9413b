import * as fc from 'fast-check';
import type { Position } from '../../../src/core/positions';
import { covers, floorOf, type ReadSpan } from '../../../src/core/read-span';

/** Records of a shard are the even numbers; what was read without a gap are those in (floor, last]. */
const after = (number: number): Position => ({ at: 'AFTER', sequenceNumber: String(number) });
const from = (number: number): Position => ({ at: 'FROM', sequenceNumber: String(number) });
const part = (number: number): Position => ({ at: 'AFTER', sequenceNumber: String(number), subSequenceNumber: 3 });

it('never covers a position of which a record is missing', () => {
  const number = fc.integer({ min: 0, max: 30 });
  fc.assert(
    fc.property(number, number, number, fc.constantFrom(after, from, part), (floor, read, at, kind) => {
      const last = floor + read;
      const span: ReadSpan = {
        origin: after(floor),
        floor: BigInt(floor),
        ...(read > 0 ? { last: BigInt(last) } : {}),
      };
      const position = kind(at);
      // The first record that is needed, whole or in part.
      const firstNeeded = kind === after ? at + 1 : at;
      const isAtHand = firstNeeded > floor && firstNeeded <= last + 1;
      expect(covers(span, position)).toBe(isAtHand);
    }),
  );
});

describe('a reading that began without a number', () => {
  const span: ReadSpan = { origin: { at: 'TRIM_HORIZON' } };

  it('covers its origin as long as nothing was let go', () => {
    expect(covers(span, { at: 'TRIM_HORIZON' })).toBe(true);
    expect(covers({ ...span, first: 5n, last: 9n }, { at: 'TRIM_HORIZON' })).toBe(true);
    expect(covers({ ...span, floor: 5n, last: 9n }, { at: 'TRIM_HORIZON' })).toBe(false);
    expect(covers(span, { at: 'AT_TIMESTAMP', timestampMs: 1 })).toBe(false);
    expect(covers({ origin: { at: 'AT_TIMESTAMP', timestampMs: 1 } }, { at: 'AT_TIMESTAMP', timestampMs: 1 })).toBe(
      true,
    );
    expect(covers({ origin: { at: 'AT_TIMESTAMP', timestampMs: 1 } }, { at: 'AT_TIMESTAMP', timestampMs: 2 })).toBe(
      false,
    );
  });

  it('covers what it has read, and nothing before', () => {
    expect(covers(span, after(5))).toBe(false);
    expect(covers({ ...span, first: 5n, last: 9n }, after(5))).toBe(true);
    expect(covers({ ...span, first: 5n, last: 9n }, from(5))).toBe(true);
    expect(covers({ ...span, first: 5n, last: 9n }, after(3))).toBe(false);
    expect(covers({ ...span, first: 5n, last: 9n }, after(10))).toBe(false);
  });
});

it('needs nothing up to a committed record, and a record that is committed in part', () => {
  expect([floorOf(after(7)), floorOf(part(7)), floorOf(from(7)), floorOf({ at: 'SHARD_END' })]).toEqual([
    7n,
    6n,
    6n,
    undefined,
  ]);
});
