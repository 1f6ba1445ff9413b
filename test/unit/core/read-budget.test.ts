import { budgetAt, DEFAULT_READ_BUDGET, resolveReadBudget } from '../../../src/core/read-budget';

describe('an option', () => {
  it.each([
    [undefined, undefined],
    ['off', 'off'],
    [{}, DEFAULT_READ_BUDGET],
    [{ callsPerSecond: undefined }, DEFAULT_READ_BUDGET],
    [{ callsPerSecond: 2 }, { callsPerSecond: 2, bytesPerSecond: 2_000_000 }],
    [
      { callsPerSecond: 0.5, bytesPerSecond: 1_000 },
      { callsPerSecond: 0.5, bytesPerSecond: 1_000 },
    ],
  ])('%j is %j', (given, expected) => {
    const problems: string[] = [];
    expect(resolveReadBudget(given, problems)).toEqual(expected);
    expect(problems).toEqual([]);
  });

  it.each([
    ['on', '`readBudget` to be'],
    [5, '`readBudget` to be'],
    [null, '`readBudget` to be'],
    [[4], '`readBudget` to be'],
    [{ callsPerSecond: 0 }, '`readBudget.callsPerSecond`'],
    [{ callsPerSecond: Number.NaN }, '`readBudget.callsPerSecond`'],
    [{ bytesPerSecond: '2MB' }, '`readBudget.bytesPerSecond`'],
    [{ calls: 3 }, 'Unknown option `readBudget.calls`'],
  ])('%j is refused', (given, expected) => {
    const problems: string[] = [];
    resolveReadBudget(given, problems);
    expect(problems).toEqual([expect.stringContaining(expected)]);
  });
});

describe('where none is given', () => {
  it.each([
    [undefined, DEFAULT_READ_BUDGET],
    ['https://kinesis.eu-west-1.amazonaws.com', DEFAULT_READ_BUDGET],
    ['https://vpce-0a1b.kinesis.eu-west-1.vpce.amazonaws.com', DEFAULT_READ_BUDGET],
    ['https://kinesis.cn-north-1.amazonaws.com.cn', DEFAULT_READ_BUDGET],
    ['https://kinesis.eu-west-1.api.aws', DEFAULT_READ_BUDGET],
    ['http://127.0.0.1:4567', undefined],
    ['http://localhost:4567', undefined],
    ['https://amazonaws.com.example.org', undefined],
    ['not a url', undefined],
  ])('the limits of AWS hold at AWS only: %s', (endpoint, expected) =>
    expect(budgetAt(undefined, endpoint)).toEqual(expected),
  );

  it('is overruled by what is given', () => {
    expect(budgetAt('off', undefined)).toBeUndefined();
    expect(budgetAt(DEFAULT_READ_BUDGET, 'http://127.0.0.1:1')).toBe(DEFAULT_READ_BUDGET);
  });
});
