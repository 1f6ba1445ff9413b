/**
 * The history of a consumer's checkpoints as a file of JSON lines: a header, then an entry a line, so that neither writing nor reading
 * holds more than a page of it. docs/backups.md describes it.
 */
import { BackupReader } from './backup-reader';
import { TidemarkError } from './errors';
import type { HistoryEntry } from './history';
import type { StreamIncarnation } from './names';
import { describePosition } from './positions';
import type { ShardEvent } from './shard-work';

export const HISTORY_FORMAT = 'tidemark-history';
export const HISTORY_VERSION = 1;

export interface HistoryLine {
  readonly shardId: string;
  readonly entry: HistoryEntry;
}

export function writeHistoryHeader(stream: StreamIncarnation, exportedAtMs: number): string {
  const { consumer, streamName: name, streamArn: arn, createdAtMs } = stream;
  return JSON.stringify({
    format: HISTORY_FORMAT,
    version: HISTORY_VERSION,
    exportedAt: toIso(exportedAtMs),
    consumer,
    stream: { name, arn, createdAtMs },
  });
}

export function writeHistoryLine({ shardId, entry }: HistoryLine): string {
  const { atMs, lastArrivalMs, from, to, ...same } = entry;
  return JSON.stringify({
    shardId,
    at: toIso(atMs),
    from: describePosition(from),
    to: describePosition(to),
    lastArrivalAt: lastArrivalMs === undefined ? undefined : toIso(lastArrivalMs),
    ...same,
  });
}

/** Of which stream the history is. @throws `BACKUP_INVALID` for another file, or a version that is not known */
export function readHistoryHeader(line: string): StreamIncarnation {
  const read = lineReader(line, 1);
  if (read.text('format') !== HISTORY_FORMAT) read.damaged('format', HISTORY_FORMAT);
  if (read.count('version') !== HISTORY_VERSION)
    throw new TidemarkError('BACKUP_INVALID', `The history has version ${read.count('version')}`, {
      hint: `This version of Tidemark reads version ${HISTORY_VERSION}.`,
    });
  const stream = read.object('stream');
  return {
    consumer: read.text('consumer'),
    streamName: stream.text('name'),
    streamArn: stream.text('arn'),
    createdAtMs: stream.count('createdAtMs'),
  };
}

/** @throws `BACKUP_INVALID` that names the line and what is wrong in it */
export function readHistoryLine(line: string, number: number): HistoryLine {
  const read = lineReader(line, number);
  const kind = read.text('kind');
  if (kind !== 'read' && kind !== 'move') read.damaged('kind', 'read or move');
  return {
    shardId: read.text('shardId'),
    entry: {
      id: read.text('id'),
      atMs: read.timeMs('at'),
      kind: kind === 'move' ? 'move' : 'read',
      from: read.position('from'),
      to: read.position('to'),
      generation: read.count('generation'),
      records: read.count('records'),
      batches: read.count('batches'),
      ...read.optional('filtered', 'filtered', read.count),
      ...read.optional('deadLettered', 'deadLettered', read.count),
      totalRecords: read.count('totalRecords'),
      ...read.optional('lastArrivalAt', 'lastArrivalMs', read.timeMs),
      worker: read.text('worker'),
      runId: read.text('runId'),
      attempt: read.count('attempt'),
      ...read.optional('isAfterLoss', 'isAfterLoss', read.flag),
      events: eventsOf(read),
      ...read.optional('move', 'move', (name) => moveOf(read.object(name))),
    },
  };
}

function lineReader(line: string, number: number): BackupReader {
  const path = `line ${number}.`;
  try {
    return new BackupReader(JSON.parse(line) as unknown, path);
  } catch (error) {
    if (error instanceof TidemarkError) throw error;
    throw new TidemarkError('BACKUP_INVALID', `The history cannot be read: line ${number} is not JSON`);
  }
}

/** Their shape is that of Temporal's history: they are kept as they are. */
function eventsOf(read: BackupReader): ShardEvent[] {
  const isEvent = (value: unknown): value is ShardEvent =>
    typeof value === 'object' && value !== null && 'kind' in value && 'atMs' in value;
  const events = read.list('events');
  return events.every(isEvent) ? [...events] : read.damaged('events', 'a list of events');
}

const HOWS = ['rewind', 'skip', 'undo'] as const;

function moveOf(read: BackupReader): NonNullable<HistoryEntry['move']> {
  const how = HOWS.find((one) => one === read.text('how')) ?? read.damaged('how', HOWS.join(', '));
  return { how, isBack: read.flag('isBack'), by: read.text('by'), ...read.optional('reason', 'reason', read.text) };
}

function toIso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
