import fc from 'fast-check';
import {
  comparePositions,
  compareSequenceNumbers,
  describePosition,
  isSequenceNumber,
  parsePosition,
  SHARD_END,
  TRIM_HORIZON,
  type Position,
} from '../../../src/core/positions';
import { positions } from './arbitraries';

const after = (sequenceNumber: string, subSequenceNumber?: number): Position => ({
  at: 'AFTER',
  sequenceNumber,
  ...(subSequenceNumber === undefined ? {} : { subSequenceNumber }),
});
const at = (timestampMs: number): Position => ({ at: 'AT_TIMESTAMP', timestampMs });

const long = '49657018370131542786789017291234567890123456789012345678';

describe('order of positions', () => {
  it.each<[string, Position, Position]>([
    ['the trim horizon before any time', TRIM_HORIZON, at(0)],
    ['an earlier time before a later one', at(1), at(2)],
    ['any time before any sequence number', at(8e15), after('0')],
    ['a shorter number before a longer one, against the order of their text', after('9'), after('10')],
    ['numbers that differ in the last of 56 digits', after(`${long}1`), after(`${long}2`)],
    ['leading zeros do not count', after('0000000000000000000000000000009'), after('10')],
    ['a part of an aggregate before a later part', after('7', 0), after('7', 1)],
    ['sub-sequence numbers as numbers', after('7', 9), after('7', 10)],
    ['every part before the whole record', after('7', 1_000_000), after('7')],
    ['the whole record before the first part of the next', after('7'), after('8', 0)],
    ['any time before a record from its beginning', at(8e15), { at: 'FROM', sequenceNumber: '0' }],
    ['a record from its beginning before the first part of it', { at: 'FROM', sequenceNumber: '7' }, after('7', 0)],
    ['the record before that from the beginning of the next', after('6'), { at: 'FROM', sequenceNumber: '7' }],
    ['everything before the end of the shard', after('9'.repeat(128)), SHARD_END],
  ])('%s', (_, earlier, later) => {
    expect(comparePositions(earlier, later)).toBeLessThan(0);
    expect(comparePositions(later, earlier)).toBeGreaterThan(0);
  });

  it('takes the same number with other zeros for the same position', () => {
    expect(comparePositions(after('007'), after('7'))).toBe(0);
    expect(comparePositions(after('007', 3), after('7', 3))).toBe(0);
  });

  it('is a total order', () => {
    const sign = (a: Position, b: Position): number => Math.sign(comparePositions(a, b));
    fc.assert(
      fc.property(positions, positions, positions, (a, b, c) => {
        expect(sign(a, a)).toBe(0);
        expect(sign(a, b) + sign(b, a)).toBe(0);
        if (sign(a, b) <= 0 && sign(b, c) <= 0) expect(sign(a, c)).toBeLessThanOrEqual(0);
        if (sign(a, b) === 0) expect(sign(a, c)).toBe(sign(b, c));
      }),
    );
  });

  it('compares sequence numbers as whole numbers of any length', () => {
    const numbers = fc.bigInt({ min: 0n, max: 10n ** 128n - 1n });
    fc.assert(
      fc.property(numbers, numbers, fc.nat(5), fc.nat(5), (a, b, zerosA, zerosB) => {
        const order = compareSequenceNumbers('0'.repeat(zerosA) + String(a), '0'.repeat(zerosB) + String(b));
        expect(order).toBe(a < b ? -1 : a > b ? 1 : 0);
      }),
    );
  });
});

describe('isSequenceNumber', () => {
  it.each(['0', '007', long, '9'.repeat(128)])('accepts %s', (value) => expect(isSequenceNumber(value)).toBe(true));

  it.each([undefined, null, 7, 7n, '', '-1', '1.5', '1e3', ' 1', '1\n', '0x1', '٣', '9'.repeat(129), ['1']])(
    'refuses %p',
    (value) => expect(isSequenceNumber(value)).toBe(false),
  );
});

describe('parsePosition', () => {
  it('reads back every position from JSON', () => {
    fc.assert(
      fc.property(positions, (position) =>
        expect(parsePosition(JSON.parse(JSON.stringify(position)))).toEqual(position),
      ),
    );
  });

  it('leaves out what does not belong to the position', () => {
    expect(parsePosition({ at: 'TRIM_HORIZON', sequenceNumber: '1', more: true })).toEqual(TRIM_HORIZON);
    expect(parsePosition({ at: 'AFTER', sequenceNumber: '1', timestampMs: 3 })).toEqual(after('1'));
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['text', 'TRIM_HORIZON'],
    ['an unknown kind', { at: 'LATEST' }],
    ['no kind', { sequenceNumber: '1' }],
    ['a time as text', { at: 'AT_TIMESTAMP', timestampMs: '5' }],
    ['no finite time', { at: 'AT_TIMESTAMP', timestampMs: Number.NaN }],
    ['a time beyond what a Date holds', { at: 'AT_TIMESTAMP', timestampMs: 8.64e15 + 1 }],
    ['no sequence number', { at: 'AFTER' }],
    ['a sequence number as number', { at: 'AFTER', sequenceNumber: 12 }],
    ['a sequence number that is none', { at: 'AFTER', sequenceNumber: '12a' }],
    ['a negative sub-sequence number', { at: 'AFTER', sequenceNumber: '1', subSequenceNumber: -1 }],
    ['a broken sub-sequence number', { at: 'AFTER', sequenceNumber: '1', subSequenceNumber: 1.5 }],
    ['a sub-sequence number as text', { at: 'AFTER', sequenceNumber: '1', subSequenceNumber: '1' }],
  ])('refuses %s', (_, value) => expect(parsePosition(value)).toBeUndefined());
});

describe('describePosition', () => {
  it.each<[Position, string]>([
    [TRIM_HORIZON, 'TRIM_HORIZON'],
    [SHARD_END, 'SHARD_END'],
    [at(1_767_225_600_000), 'AT 2026-01-01T00:00:00.000Z'],
    [after('4961'), 'AFTER 4961'],
    [after('4961', 0), 'AFTER 4961.0'],
  ])('%j is %s', (position, text) => expect(describePosition(position)).toBe(text));

  it('describes whatever parsePosition accepts', () => {
    fc.assert(
      fc.property(fc.record({ at: fc.constant('AT_TIMESTAMP'), timestampMs: fc.double() }), (value) => {
        const position = parsePosition(value);
        if (position) expect(describePosition(position)).toMatch(/^AT /);
      }),
    );
  });
});
