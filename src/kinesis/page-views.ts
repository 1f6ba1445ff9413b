import type { RawRecord } from './kinesis-port';

/** How many views of a page there are, by its memory. */
const counts = new WeakMap<ArrayBufferLike, number>();

/**
 * Notes that a page's memory belongs to its records alone, although they do not cover it: whoever has all of them may give it away.
 * `page` must have its memory for itself.
 */
export function notePage(page: Buffer, records: readonly RawRecord[]): void {
  const { buffer } = page;
  let views = 0;
  for (const { data } of records) if (data.byteLength > 0 && data.buffer === buffer) views += 1;
  if (views > 0 && page.byteLength === buffer.byteLength) counts.set(buffer, views);
}

/** A record of a page was replaced by records that are views of its payload: of a page that nobody noted, nothing is known as before. */
export function noteOpened(record: RawRecord, opened: readonly RawRecord[]): void {
  const { buffer } = record.data;
  const views = counts.get(buffer);
  if (views === undefined) return;
  const added = opened.filter(({ data }) => data.byteLength > 0 && data.buffer === buffer).length;
  counts.set(buffer, views - 1 + added);
}

/** Memory that somebody reads again later. */
const kept = new WeakSet<ArrayBufferLike>();

/** The payloads of these records stay where they are: whoever has the records must not give their memory away. */
export function keepPayloadsOf(records: readonly RawRecord[]): void {
  for (const { data } of records) kept.add(data.buffer);
}

export function isKept(memory: ArrayBufferLike): boolean {
  return kept.has(memory);
}

/** How many records have a part of this memory; undefined where nobody knows. */
export function viewsOf(memory: ArrayBufferLike): number | undefined {
  return counts.get(memory);
}

/** A page's memory went to another thread and came back as `to`. */
export function movePage(from: ArrayBufferLike, to: ArrayBufferLike | undefined): void {
  const views = counts.get(from);
  if (views !== undefined && to !== undefined) counts.set(to, views);
}
