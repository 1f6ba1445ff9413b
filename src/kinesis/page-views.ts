import type { RawRecord } from './kinesis-port';

/** How many records have a part of a piece of a page, by its memory. */
const counts = new WeakMap<ArrayBufferLike, number>();

/**
 * So many more records have their payloads in this piece of a page, whose memory belongs to them alone, although they do not cover it:
 * whoever has all of them may give it away. A record that lies in more than one piece has memory of its own. To count too many does no harm.
 */
export function noteViews({ buffer, length }: Buffer, records: number): void {
  if (records > 0 && length > 0) counts.set(buffer, (counts.get(buffer) ?? 0) + records);
}

/** The same, of records and all the pieces that they may be in. */
export function notePieces(pieces: readonly Buffer[], records: readonly RawRecord[]): void {
  const views = new Map<ArrayBufferLike, number>(pieces.map(({ buffer }) => [buffer, 0]));
  for (const { data } of records) {
    const count = data.byteLength > 0 ? views.get(data.buffer) : undefined;
    if (count !== undefined) views.set(data.buffer, count + 1);
  }
  for (const piece of pieces) noteViews(piece, views.get(piece.buffer) ?? 0);
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

/** The payload stays where it is, and as it is: its memory is neither given away nor used again. */
export function keepPayload({ data }: RawRecord): void {
  kept.add(data.buffer);
}

export function keepPayloadsOf(records: readonly RawRecord[]): void {
  records.forEach(keepPayload);
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
