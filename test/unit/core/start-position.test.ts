import { resolveOptions } from '../../../src/core/resolve-options';
import { describeRequestedStart, resolveStart } from '../../../src/core/start-position';

const serviceNowMs = 1_767_225_600_000;

describe('resolveStart', () => {
  it('turns LATEST into a time, shortly before now', () => {
    expect(resolveStart({ at: 'LATEST' }, serviceNowMs)).toEqual({
      at: 'AT_TIMESTAMP',
      timestampMs: serviceNowMs - 1_000,
    });
  });

  it('leaves the others as they are', () => {
    expect(resolveStart({ at: 'TRIM_HORIZON' }, serviceNowMs)).toEqual({ at: 'TRIM_HORIZON' });
    expect(resolveStart({ at: 'AT_TIMESTAMP', timestampMs: 5 }, serviceNowMs)).toEqual({
      at: 'AT_TIMESTAMP',
      timestampMs: 5,
    });
  });
});

describe('describeRequestedStart', () => {
  it('is the wish, not what it was resolved to', () => {
    expect(describeRequestedStart({ at: 'LATEST' })).toBe('LATEST');
    expect(describeRequestedStart({ at: 'TRIM_HORIZON' })).toBe('TRIM_HORIZON');
  });

  it('is the same for the same time in any spelling', () => {
    const spellings = ['2026-01-01T00:00:00Z', '2026-01-01T01:00:00+01:00', serviceNowMs, new Date(serviceNowMs)];
    const described = spellings.map((timestamp) =>
      describeRequestedStart(resolveOptions({ name: 'c', stream: 's', startFrom: { timestamp } }).start),
    );
    expect(new Set(described)).toEqual(new Set(['AT_TIMESTAMP 2026-01-01T00:00:00.000Z']));
  });
});
