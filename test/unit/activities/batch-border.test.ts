import fc from 'fast-check';

import { nextBatch } from '../../../src/activities/batch-border';
import type { RawRecord } from '../../../src/kinesis/kinesis-port';

/** Records of Kinesis by the sizes of their user records; one of a single size is no aggregate. */
function recordsOf(sizes: readonly (readonly number[])[]): RawRecord[] {
  return sizes.flatMap((users, at) =>
    users.map((bytes, sub) => ({
      sequenceNumber: String(at),
      ...(users.length === 1 ? {} : { subSequenceNumber: sub, hasMore: sub < users.length - 1 }),
      partitionKey: 'key',
      data: new Uint8Array(bytes),
      arrivalMs: 0,
    })),
  );
}

it.each<[string, number[][], [number, number], number]>([
  ['ends before an aggregate that does not fit', [[1], [1, 1, 1]], [3, 100], 1],
  ['ends behind an aggregate that does', [[1], [1, 1], [1]], [3, 100], 3],
  ['exceeds its limits by an aggregate that comes first', [[1, 1, 1, 1], [1]], [2, 100], 4],
  ['exceeds its bytes too', [[60, 60, 60], [1]], [10, 100], 3],
  [
    'is no larger for that',
    [
      [60, 60],
      [60, 60],
    ],
    [10, 100],
    2,
  ],
  ['begins in the midst of one that was cut', [[1, 1, 1], [1]], [10, 100], 4],
  ['takes what there is of an aggregate without an end', [[1, 1, 1]], [1, 100], 3],
])('a batch %s', (_, sizes, [maxBatchRecords, maxBatchBytes], count) => {
  expect(nextBatch(recordsOf(sizes), { maxBatchRecords, maxBatchBytes }).count).toBe(count);
});

it('a batch ends where a record ends, holds one at least, and exceeds its limits by one alone', () => {
  const sizes = fc.array(fc.array(fc.nat(50), { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 200 }), (given, most, bytes) => {
      const records = recordsOf(given);
      const batch = nextBatch(records, { maxBatchRecords: most, maxBatchBytes: bytes });
      const taken = records.slice(0, batch.count);
      expect(batch.count).toBeGreaterThan(0);
      expect(taken.at(-1)?.hasMore ?? false).toBe(false);
      expect(batch.bytes).toBe(taken.reduce((sum, { data }) => sum + data.byteLength, 0));
      const isOver = batch.count > most || batch.bytes > bytes;
      if (isOver) expect(new Set(taken.map(({ sequenceNumber }) => sequenceNumber)).size).toBe(1);
    }),
  );
});
