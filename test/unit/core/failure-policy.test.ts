import { countFailure, HANDLER_BACKOFF, retryDelayMs } from '../../../src/core/failure-policy';
import { TRIM_HORIZON, type Position } from '../../../src/core/positions';

const after = (sequenceNumber: string): Position => ({ at: 'AFTER', sequenceNumber });

describe('countFailure', () => {
  it('starts at one', () =>
    expect(countFailure(undefined, TRIM_HORIZON)).toEqual({ position: TRIM_HORIZON, failures: 1 }));

  it('goes on while the shard stands still', () => {
    expect(countFailure({ position: after('7'), failures: 3 }, after('007'))).toEqual({
      position: after('007'),
      failures: 4,
    });
  });

  it.each([after('8'), after('6'), TRIM_HORIZON])('starts again when the shard stands elsewhere: %j', (position) =>
    expect(countFailure({ position: after('7'), failures: 3 }, position)).toEqual({ position, failures: 1 }),
  );
});

describe('retryDelayMs', () => {
  it('doubles from one second up to a minute and stays there for ever', () => {
    const delays = [1, 2, 3, 6, 7, 1_000].map((failures) => retryDelayMs({ position: TRIM_HORIZON, failures }, 1));
    expect(delays).toEqual([1_000, 2_000, 4_000, 32_000, HANDLER_BACKOFF.maxMs, HANDLER_BACKOFF.maxMs]);
  });
});
