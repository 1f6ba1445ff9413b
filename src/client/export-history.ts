import type { ConsumerServices } from '../aws/consumer-services';
import { TidemarkError } from '../core/errors';
import { readHistoryHeader, readHistoryLine, writeHistoryHeader, writeHistoryLine } from '../core/history-lines';
import { mapConcurrently } from '../core/map-concurrently';
import type { StreamIncarnation } from '../core/names';
import { assertSameStream } from './import-consumer';
import { untilDecided } from './write-row';

const WRITES_AT_A_TIME = 16;
const LINES_AT_A_TIME = 256;

export interface ImportedHistory {
  readonly written: number;
  /** Entries that were there. */
  readonly kept: number;
  /** Entries older than the consumer's `historyTtlMs`. */
  readonly expired: number;
}

type History = Pick<ConsumerServices, 'history' | 'store'>;

/** The lines of the file, without their ends: page after page, shard after shard. */
export async function* exportHistory(
  { history, store }: History,
  stream: StreamIncarnation,
  nowMs: number,
): AsyncGenerator<string> {
  yield writeHistoryHeader(stream, nowMs);
  for (const { shardId } of await store.listKnownShards(stream))
    for await (const page of history.pages({ ...stream, shardId }))
      for (const entry of page) yield writeHistoryLine({ shardId, entry });
}

/** Writes entries that are missing; what is there is left. @throws `BACKUP_INVALID`, `BACKUP_MISMATCH` */
export async function importHistory(
  { history }: Pick<History, 'history'>,
  stream: StreamIncarnation,
  lines: AsyncIterable<string> | Iterable<string>,
  { ttlMs, nowMs }: { readonly ttlMs: number; readonly nowMs: number },
): Promise<ImportedHistory> {
  const counts = { written: 0, kept: 0, expired: 0 };
  let number = 0;
  for await (const chunk of chunksOf(lines)) {
    const first = number === 0;
    const start = number + (first ? 2 : 1);
    number += chunk.length;
    if (first) assertSameStream({ stream: readHistoryHeader(chunk[0] ?? '') }, stream);
    const entries = chunk.slice(first ? 1 : 0).map((line, index) => readHistoryLine(line, start + index));
    const outcomes = await mapConcurrently(entries, WRITES_AT_A_TIME, async ({ shardId, entry }) => {
      if (entry.atMs + ttlMs <= nowMs) return 'expired';
      const shard = { ...stream, shardId };
      return (await untilDecided(() => history.restore(shard, entry, ttlMs))) ? 'written' : 'kept';
    });
    for (const outcome of outcomes) counts[outcome] += 1;
  }
  if (number === 0) throw new TidemarkError('BACKUP_INVALID', 'The history cannot be read: the file is empty');
  return counts;
}

async function* chunksOf(lines: AsyncIterable<string> | Iterable<string>): AsyncGenerator<string[]> {
  let chunk: string[] = [];
  for await (const line of lines) {
    if (line === '') continue;
    chunk.push(line);
    if (chunk.length < LINES_AT_A_TIME) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
