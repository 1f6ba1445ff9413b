import { MemoryCheckpointStore } from '../../../src/checkpoints/memory-store';
import type { MoveQuery } from '../../../src/client/move-query';
import { unmovableShards } from '../../../src/client/unmovable-shards';
import { checkpointKey } from '../../../src/core/names';
import type { Position } from '../../../src/core/positions';
import type { ShardStatus } from '../../../src/core/shard-work';

const stream = { consumer: 'delays', streamName: 'flights', streamArn: 'arn:flights', createdAtMs: 1_700_000_000_000 };
const SHARD_END = { at: 'SHARD_END' } as const;
const READING = { at: 'AFTER', sequenceNumber: '5' } as const;
const to = { at: 'TRIM_HORIZON' } as const;
const LAST_ARRIVAL_MS = 5_000;
const at = (timestampMs: number): Position => ({ at: 'AT_TIMESTAMP', timestampMs });

const store = new MemoryCheckpointStore();
const totals = { records: 1, bytes: 1, batches: 1 };

beforeAll(async () => {
  const shards = ['asked', 'asked-finished', 'finished', 'reading', 'unread'];
  await store.recordShards(
    stream,
    shards.map((shardId) => ({ shardId, parentShardIds: [], start: to })),
  );
  // The row of `asked-finished` is behind, as after a restore of the table.
  const rows = { asked: READING, 'asked-finished': READING, finished: SHARD_END, reading: READING };
  for (const [shardId, position] of Object.entries(rows)) {
    const row = { position, generation: 1, token: 't', totals, lastArrivalMs: LAST_ARRIVAL_MS };
    store.rows.set(checkpointKey({ ...stream, shardId }).pk, row as never);
  }
});

const status = (shardId: string, position: Position): ShardStatus => ({
  shardId,
  phase: 'READING',
  position,
  generation: 1,
  progress: { totals, lastArrivalMs: LAST_ARRIVAL_MS },
  failures: 0,
  slices: 1,
});

const found = async (query: MoveQuery): Promise<string[]> => {
  const standing = [status('asked', READING), status('asked-finished', SHARD_END)];
  return (await unmovableShards({ store }, stream, query, standing)).map(({ shardId }) => shardId);
};

it('are those that are finished, some since they were asked, and those with a checkpoint and no workflow', async () => {
  expect(await found({ kind: 'rewind', to })).toEqual(['asked-finished', 'finished', 'reading']);
  const finished = { from: SHARD_END, to, refusal: expect.stringContaining('is finished') as string, warnings: [] };
  const idle = { from: READING, to, refusal: expect.stringContaining('does not run') as string, warnings: [] };
  expect(await unmovableShards({ store }, stream, { kind: 'rewind', to }, [status('asked', READING)])).toMatchObject([
    // What its workflow would tell is not known.
    { shardId: 'asked-finished', ...idle },
    { shardId: 'finished', ...finished },
    { shardId: 'reading', ...idle },
  ]);
});

it('do not concern a time after their last record, nor a place that is not back', async () => {
  expect(await found({ kind: 'rewind', to: at(LAST_ARRIVAL_MS) })).toEqual(['asked-finished', 'finished', 'reading']);
  expect(await found({ kind: 'rewind', to: at(LAST_ARRIVAL_MS + 1) })).toEqual([]);
  expect(await found({ kind: 'rewind', to: () => READING })).toEqual(['asked-finished', 'finished']);
});

it.each<[string, MoveQuery]>([
  ['another shard', { kind: 'rewind', to, shardId: 'reading' }],
  ['a way forward', { kind: 'skip', to }],
  ['an undo, which each shard refuses itself', { kind: 'undo' }],
  ['shards that are left out', { kind: 'rewind', to: () => undefined }],
])('do not concern %s', async (_, query) => {
  expect(await found(query)).toEqual([]);
});
