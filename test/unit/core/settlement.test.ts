import { defaultFailureOptions } from '../../../src/core/failure-options';
import { ALL_HANDLED, type RecordOutcomes } from '../../../src/core/outcome';
import { TRIM_HORIZON } from '../../../src/core/positions';
import { MAX_PENDING, settle, type Settlement, type Span } from '../../../src/core/settlement';
import type { FailurePolicy } from '../../../src/core/failure-policy';

const error = { code: 'HANDLER_FAILED', message: 'no' } as const;
const nameOf = (index: number): string => String(1_000 + index);
const failed = (...indexes: number[]) => indexes.map((index) => ({ index, error }));

function settled(
  size: number,
  outcomes: Partial<RecordOutcomes>,
  more: Partial<Span> = {},
  policy: FailurePolicy = defaultFailureOptions,
): Settlement {
  const records = Array.from({ length: size }, (_, index) => ({ sequenceNumber: nameOf(index), arrivalMs: 0 }));
  const span = {
    position: TRIM_HORIZON,
    records,
    streak: undefined,
    ...more,
    outcomes: { ...ALL_HANDLED, ...outcomes },
  };
  return settle(policy, span, { nowMs: 10_000, random: 0 });
}

describe('what of a span may be committed', () => {
  it('is all of it, if nothing failed', () => expect(settled(3, {})).toEqual({ covered: 3, givenUp: [] }));

  it('is what stands before the first record that is to be tried again', () => {
    const { covered, retry } = settled(6, { failed: failed(2, 4) });
    expect(covered).toBe(2);
    expect(retry?.streak).toMatchObject({
      through: nameOf(5),
      records: 2,
      failures: 1,
      pending: [
        { sequenceNumber: nameOf(2), failures: 1 },
        { sequenceNumber: nameOf(4), failures: 1 },
      ],
    });
  });

  it('goes over records that can never succeed', () => {
    const { covered, givenUp, retry } = settled(3, { rejected: failed(1) });
    expect({ covered, retry }).toEqual({ covered: 3, retry: undefined });
    expect(givenUp).toEqual([{ index: 1, error, condition: 'RecordRejected', attempts: 1 }]);
  });

  it('halts at a record that was given up where the policy does not set it aside', () => {
    const { covered, givenUp, halt } = settled(
      3,
      { rejected: failed(1) },
      {},
      { ...defaultFailureOptions, then: 'park' },
    );
    expect({ covered, givenUp }).toEqual({ covered: 1, givenUp: [] });
    expect(halt).toMatchObject({ index: 1 });
  });

  it('goes over a record whose partition key is parked', () => {
    const policy = { ...defaultFailureOptions, then: 'park', parkBy: 'partitionKey' } as const;
    expect(settled(3, {}, { diverted: [1] }, policy)).toMatchObject({
      covered: 3,
      givenUp: [{ index: 1, condition: 'PartitionKeyParked', attempts: 0 }],
    });
  });
});

describe('many records that wait', () => {
  const behind = (from: number, size: number): number[] =>
    Array.from({ length: size - from }, (_, index) => from + index);

  it('are remembered up to a limit; the range ends with them, and none has the failures of another', () => {
    const { retry } = settled(1_000, { failed: failed(10), unhandled: behind(11, 1_000) });
    const { pending = [], ...streak } = retry?.streak ?? {};
    expect(pending).toHaveLength(MAX_PENDING);
    expect(pending.map(({ failures }) => failures)).toEqual([1, ...Array<number>(MAX_PENDING - 1).fill(0)]);
    expect(streak).toMatchObject({ through: nameOf(10 + MAX_PENDING - 1), records: MAX_PENDING, failures: 1 });
  });

  it('have all their attempts, also behind one that was given up', () => {
    let { retry } = settled(1_000, { failed: failed(0), unhandled: behind(1, 1_000) });
    for (let attempt = 2; attempt < 5; attempt += 1)
      retry = settled(
        MAX_PENDING,
        { failed: failed(0), unhandled: behind(1, MAX_PENDING) },
        { streak: retry?.streak },
      ).retry;
    const last = settled(
      MAX_PENDING,
      { failed: failed(0), unhandled: behind(1, MAX_PENDING) },
      { streak: retry?.streak },
    );
    expect(last.givenUp).toMatchObject([{ index: 0, attempts: 5 }]);
    expect(last.retry?.streak).toMatchObject({ failures: 0, records: MAX_PENDING - 1 });
    const next = settled(
      MAX_PENDING - 1,
      { failed: failed(0) },
      { streak: last.retry?.streak, position: { at: 'AFTER', sequenceNumber: nameOf(0) } },
    );
    expect(next.givenUp).toEqual([]);
  });
});
