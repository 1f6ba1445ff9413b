import fc from 'fast-check';
import { MAX_PAGE_RECORDS, pageLimit } from '../../../src/core/page-limit';

it.each([
  ['small records: as many as Kinesis gives', 1_000, { records: 1_000, bytes: 100_000 }, 10_000],
  ['records of 512 bytes: 1 MiB of them', 1_000, { records: 1_000, bytes: 512_000 }, 2_048],
  ['records of 2 KiB: no fewer than the least', 1_000, { records: 1_000, bytes: 2_048_000 }, 1_000],
  ['large records: no fewer than the least', 1_000, { records: 10, bytes: 10_000_000 }, 1_000],
  ['an empty page says nothing', 2_000, { records: 0, bytes: 0 }, 2_000],
  ['empty payloads', 1_000, { records: 5, bytes: 0 }, 10_000],
])('%s', (_what, least, page, expected) => expect(pageLimit(least, page)).toBe(expected));

it('is a limit that Kinesis takes, and no smaller than the least', () => {
  const page = fc.record({ records: fc.nat(10_000), bytes: fc.nat(20_000_000) });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), page, (least, read) => {
      const limit = pageLimit(least, read);
      expect(Number.isInteger(limit) && limit >= least && limit <= MAX_PAGE_RECORDS).toBe(true);
    }),
  );
});
