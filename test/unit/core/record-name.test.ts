import fc from 'fast-check';

import { comparePositions } from '../../../src/core/positions';
import {
  compareRecordNames,
  isRecordName,
  nameOfRecord,
  overlap,
  parseRecordName,
  positionAfter,
  positionAfterName,
  RecordNames,
} from '../../../src/core/record-name';
import { sequenceNumbers } from './arbitraries';

const places = fc.oneof(
  fc.record({ sequenceNumber: sequenceNumbers }),
  fc.record({ sequenceNumber: sequenceNumbers, subSequenceNumber: fc.nat(3) }),
);

describe('the name of a record', () => {
  it('is its sequence number, with the index of a user record behind it', () => {
    expect(nameOfRecord({ sequenceNumber: '49' })).toBe('49');
    expect(nameOfRecord({ sequenceNumber: '49', subSequenceNumber: 0 })).toBe('49.0');
  });

  it('tells which record it is of', () => {
    fc.assert(fc.property(places, (place) => expect(parseRecordName(nameOfRecord(place))).toEqual(place)));
  });

  it.each(['', 'a', '1.', '.1', '1.2.3', '-1', '1.-2', '1 ', '1.1234567890', `${'1'.repeat(129)}`, '1\n'])(
    'is not %j',
    (text) => {
      expect(isRecordName(text)).toBe(false);
      expect(parseRecordName(text)).toBeUndefined();
    },
  );

  it.each([7, undefined, null, { sequenceNumber: '1' }])('is no %j', (value) =>
    expect(isRecordName(value)).toBe(false),
  );
});

describe('the order of names', () => {
  it('is that of the positions after the records', () => {
    fc.assert(
      fc.property(places, places, (a, b) => {
        const [left, right] = [nameOfRecord(a), nameOfRecord(b)];
        const expected = comparePositions(positionAfterName(left), positionAfterName(right));
        expect(Math.sign(compareRecordNames(left, right))).toBe(Math.sign(expected));
      }),
    );
  });

  it('puts a whole aggregate after each of its user records', () => {
    expect(['9', '10.2', '10.10', '10', '11.0', '010.3'].toSorted(compareRecordNames)).toEqual([
      '9',
      '10.2',
      '010.3',
      '10.10',
      '10',
      '11.0',
    ]);
  });
});

describe('the position after a record', () => {
  it('is the whole record, unless user records of it are to come', () => {
    const user = { sequenceNumber: '7', subSequenceNumber: 3 };
    expect(positionAfter({ sequenceNumber: '7' })).toEqual({ at: 'AFTER', sequenceNumber: '7' });
    expect(positionAfter({ ...user, hasMore: false })).toEqual({ at: 'AFTER', sequenceNumber: '7' });
    expect(positionAfter({ ...user, hasMore: true })).toEqual({ at: 'AFTER', ...user });
  });
});

describe('names that may mean the same record', () => {
  it('are equal, or one is the whole of the other', () => {
    fc.assert(
      fc.property(places, places, (a, b) => {
        const isSame = BigInt(a.sequenceNumber) === BigInt(b.sequenceNumber);
        const subs = ['subSequenceNumber' in a && a.subSequenceNumber, 'subSequenceNumber' in b && b.subSequenceNumber];
        expect(overlap(a, b)).toBe(isSame && (subs.includes(false) || subs[0] === subs[1]));
      }),
    );
  });

  it('are found among several', () => {
    const names = new RecordNames(['5', '6.1', '6.3']);
    const found = ['4', '5', '5.0', '5.9', '6', '6.0', '6.1', '6.3', '7'].filter((name) => names.has(name));
    expect(found).toEqual(['5', '5.0', '5.9', '6', '6.1', '6.3']);
  });
});
