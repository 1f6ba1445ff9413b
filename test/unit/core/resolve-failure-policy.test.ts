import { resolveFailurePolicy } from '../../../src/core/resolve-failure-policy';
import { defaultFailureOptions, failureRanges } from '../../../src/core/failure-options';

function problemsOf(given: unknown): string[] {
  const problems: string[] = [];
  resolveFailurePolicy(given, problems);
  return problems;
}

describe('the failure policy', () => {
  it('is the default where nothing is given', () => {
    expect(resolveFailurePolicy(undefined, [])).toEqual(defaultFailureOptions);
    expect(resolveFailurePolicy({ maxAttempts: undefined }, [])).toEqual(defaultFailureOptions);
  });

  it('takes what is given', () => {
    const given = { maxAttempts: 1, then: 'park', parkBy: 'partitionKey', jitter: 0.25, backoffFactor: 1.5 };
    expect(problemsOf(given)).toEqual([]);
    expect(resolveFailurePolicy(given, [])).toMatchObject(given);
  });

  it.each(Object.entries(failureRanges))(
    'takes both ends of the range of %s, and nothing beyond',
    (name, [min, max]) => {
      const others = { minBackoffMs: 0, maxBackoffMs: failureRanges.maxBackoffMs[1] };
      for (const value of [min, max]) expect(problemsOf({ ...others, [name]: value })).toEqual([]);
      for (const value of [min - 1, max + 1, Number.NaN, '5'])
        expect(problemsOf({ ...others, [name]: value })).toEqual([expect.stringContaining(`\`onFailure.${name}\``)]);
    },
  );

  it.each([
    [{ attempts: 3 }, 'Unknown option `onFailure.attempts`'],
    [{ then: 'skip' }, "Expected `onFailure.then` to be one of 'deadLetter', 'park', 'stop', got `skip` (string)"],
    [
      { maxAttempts: 1.5 },
      'Expected `onFailure.maxAttempts` to be a whole number from 1 to 1000000, got `1.5` (number)',
    ],
    [[], 'Expected `onFailure` to be an object, got a value of type array'],
    [
      { minBackoffMs: 5, maxBackoffMs: 4 },
      'Expected `onFailure.maxBackoffMs` to be at least `minBackoffMs` (5), got 4',
    ],
  ])('names what is wrong with %j', (given, problem) => expect(problemsOf(given)[0]).toContain(problem));
});
