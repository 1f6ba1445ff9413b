import { MemoryCheckpointHistory } from '../../../src/checkpoints/checkpoint-history';
import { MemoryCheckpointStore } from '../../../src/checkpoints/memory-store';
import { exportHistory, importHistory } from '../../../src/client/export-history';
import type { HistoryEntry } from '../../../src/core/history';
import { TRIM_HORIZON } from '../../../src/core/positions';
import { newStream, shardOf } from '../../support/checkpoint-store.contract';

const stream = newStream('flights');
const [shard, other] = [shardOf(stream, 's0'), shardOf(stream, 's1')];
const DAY_MS = 86_400_000;
const limits = { ttlMs: 30 * DAY_MS, nowMs: 40 * DAY_MS };

function entry(id: string, day: number, more: Partial<HistoryEntry> = {}): HistoryEntry {
  return {
    id,
    atMs: day * DAY_MS,
    kind: 'read',
    from: TRIM_HORIZON,
    to: { at: 'AFTER', sequenceNumber: '17', subSequenceNumber: 3 },
    generation: 4,
    records: 17,
    batches: 2,
    totalRecords: 90,
    worker: 'w',
    runId: 'r',
    attempt: 1,
    events: [],
    ...more,
  };
}

const move = { how: 'undo', isBack: true, by: 'jane', reason: 'wrong\nrates' } as const;
const full = entry('full', 38, {
  kind: 'move',
  filtered: 1,
  deadLettered: 2,
  lastArrivalMs: 5,
  isAfterLoss: true,
  events: [{ kind: 'fenced', atMs: 7 }],
  move,
});

async function exported(): Promise<string[]> {
  const store = new MemoryCheckpointStore();
  const history = new MemoryCheckpointHistory();
  await store.recordShards(
    stream,
    [shard, other].map(({ shardId }) => ({ shardId, parentShardIds: [], start: TRIM_HORIZON })),
  );
  for (const one of [entry('old', 5), full]) await history.append(shard, one);
  await history.append(other, entry('e3', 39));
  const lines: string[] = [];
  for await (const line of exportHistory({ history, store }, stream, limits.nowMs)) lines.push(line);
  return lines;
}

it('a history is imported as it was exported, but for what has expired', async () => {
  const lines = await exported();
  expect(lines).toHaveLength(4);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    format: 'tidemark-history',
    version: 1,
    consumer: stream.consumer,
  });
  const history = new MemoryCheckpointHistory();
  expect(await importHistory({ history }, stream, lines, limits)).toEqual({ written: 2, kept: 0, expired: 1 });
  expect(await history.list(shard)).toEqual([full]);
  expect(await history.list(other)).toEqual([entry('e3', 39)]);
});

it('entries that are there stay as they are', async () => {
  const history = new MemoryCheckpointHistory();
  const newer = { ...full, records: 1_000 };
  await history.append(shard, newer);
  const lines = [...(await exported()), ''];
  expect(await importHistory({ history }, stream, lines, limits)).toEqual({ written: 1, kept: 1, expired: 1 });
  expect(await history.list(shard)).toEqual([newer]);
});

it.each<[string, (lines: string[]) => string[], string, string]>([
  ['nothing', () => [], 'BACKUP_INVALID', 'the file is empty'],
  ['another file', (lines) => lines.slice(1), 'BACKUP_INVALID', 'line 1.format is not a text'],
  [
    'a later version',
    ([head = '', ...more]) => [head.replace('"version":1', '"version":2'), ...more],
    'BACKUP_INVALID',
    'has version 2',
  ],
  [
    'another consumer',
    ([head = '', ...more]) => [head.replace('"consumer":"', '"consumer":"x'), ...more],
    'BACKUP_MISMATCH',
    'is of consumer x',
  ],
  ['a torn line', (lines) => [...lines, '{"shardId'], 'BACKUP_INVALID', 'line 5 is not JSON'],
  [
    'a wrong value',
    (lines) => lines.map((line) => line.replace('"records":17', '"records":-1')),
    'BACKUP_INVALID',
    'line 2.records is not',
  ],
  [
    'a wrong move',
    (lines) => lines.map((line) => line.replace('"how":"undo"', '"how":"hop"')),
    'BACKUP_INVALID',
    'line 3.move.how is not',
  ],
])('%s is refused', async (_what, damage, code, message) => {
  const history = new MemoryCheckpointHistory();
  const imported = importHistory({ history }, stream, damage(await exported()), limits);
  await expect(imported).rejects.toMatchObject({ code, message: expect.stringContaining(message) as string });
});
