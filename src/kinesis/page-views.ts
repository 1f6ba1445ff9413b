import type { RawRecord } from './kinesis-port';

/** How many views of a page there are, by its memory. */
const counts = new WeakMap<ArrayBufferLike, number>();

/**
 * Notes that the memory of a page's pieces belongs to its records alone, although they do not cover it: whoever has all of a piece may give it
 * away. A record that lies in more than one piece has memory of its own.
 */
export function notePage(parts: readonly Buffer[], records: readonly RawRecord[]): void {
  const own = new Set<ArrayBufferLike>(parts.map(({ buffer }) => buffer));
  let current: ArrayBufferLike | undefined;
  let views = 0;
  for (const { data } of records) {
    if (data.byteLength === 0) continue;
    if (data.buffer !== current) {
      if (current !== undefined) noteViews(current, views, own);
      current = data.buffer;
      views = 0;
    }
    views += 1;
  }
  if (current !== undefined) noteViews(current, views, own);
}

function noteViews(memory: ArrayBufferLike, views: number, own: ReadonlySet<ArrayBufferLike>): void {
  if (own.has(memory)) counts.set(memory, (counts.get(memory) ?? 0) + views);
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
