/** Most records that GetRecords returns, and what it takes for a page where nobody says less (AWS quotas). */
export const MAX_PAGE_RECORDS = 10_000;

/**
 * A call costs the same however much it brings, but pages that wait long cost garbage collection: of 1 and 4 MiB, 1 took less CPU time and memory
 * (decision 26).
 */
const PAGE_BYTES = 1_024 * 1_024;

/** How many records to ask for after a page: so many of their size as make a megabyte, but never fewer than `least`. */
export function pageLimit(least: number, page: { readonly records: number; readonly bytes: number }): number {
  if (page.records === 0) return least;
  const fitting = Math.floor((PAGE_BYTES * page.records) / Math.max(1, page.bytes));
  return Math.min(MAX_PAGE_RECORDS, Math.max(least, fitting));
}
