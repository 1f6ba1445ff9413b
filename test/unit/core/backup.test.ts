import fc from 'fast-check';

import type { Backup, BackupShard } from '../../../src/core/backup';
import { ZERO_TOTALS, type CheckpointRow } from '../../../src/core/checkpoint';
import type { DeadLetter } from '../../../src/core/dead-letter';
import { TidemarkError } from '../../../src/core/errors';
import { planImport } from '../../../src/core/plan-import';
import { parsePositionText } from '../../../src/core/position-text';
import { comparePositions, describePosition, SHARD_END, TRIM_HORIZON } from '../../../src/core/positions';
import { readBackup } from '../../../src/core/read-backup';
import { writeBackup } from '../../../src/core/write-backup';
import { positions } from './arbitraries';

const stream = {
  consumer: 'delays',
  streamName: 'flights',
  streamArn: 'arn:aws:kinesis:us-east-1:123456789012:stream/flights',
  createdAtMs: 1_767_225_600_123,
};
const base64 = (data: Uint8Array): string => Buffer.from(data).toString('base64');
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));

const times = fc.nat(2_000_000_000_000);
const checkpoints = fc.record(
  {
    position: positions,
    generation: fc.nat(),
    totals: fc.record(
      { records: fc.nat(), bytes: fc.nat(), batches: fc.nat(), filtered: fc.nat(), deadLettered: fc.nat() },
      { requiredKeys: ['records', 'bytes', 'batches'] },
    ),
    committedAtMs: times,
    rewindId: fc.uuid(),
    fence: times,
    lastArrivalMs: times,
    caughtUpAtMs: times,
    parkedKeys: fc.nat(),
  },
  { requiredKeys: ['position', 'generation', 'totals', 'committedAtMs'] },
);
const shards = fc.uniqueArray(
  fc.record(
    {
      shardId: fc.nat(99).map((number) => `shardId-${String(number).padStart(12, '0')}`),
      parentShardIds: fc.array(fc.constantFrom('shardId-a', 'shardId-b'), { maxLength: 2 }),
      start: positions,
      startingHashKey: fc.constant('0'),
      endingHashKey: fc.constant('340282366920938463463374607431768211455'),
      checkpoint: checkpoints,
    },
    { requiredKeys: ['shardId', 'parentShardIds', 'start'] },
  ),
  { selector: ({ shardId }) => shardId, maxLength: 5 },
);
const keptOfLetter = {
  shard: fc.constant({ ...stream, shardId: 'shardId-a' }),
  sequenceNumber: fc.constant('49671246667567228643283430150187087032206582658500001794'),
  partitionKey: fc.string({ minLength: 1 }),
  arrivalMs: times,
  bytes: fc.constant(3),
  condition: fc.constant('HandlerDied' as const),
  status: fc.constantFrom('OPEN' as const, 'PARKED' as const),
  errors: fc.constant([
    { code: 'HANDLER_DIED' as const, message: 'died', attempts: 3, atMs: 5, workflowId: 'w', runId: 'r' },
  ]),
  writtenAtMs: times,
  version: fc.nat(),
  data: fc.uint8Array({ minLength: 3, maxLength: 3 }),
};
/** What a letter may have or not. */
const moreOfLetter = {
  subSequenceNumber: fc.nat(),
  explicitHashKey: fc.maxSafeNat().map(String),
  expiresAtMs: times,
  decidedBy: fc.string(),
  reason: fc.string(),
  decidedAtMs: times,
  redriveId: fc.string(),
};
const requiredOfLetter = Object.keys(keptOfLetter) as (keyof typeof keptOfLetter)[];
const letter: fc.Arbitrary<DeadLetter> = fc.record(
  { ...keptOfLetter, ...moreOfLetter },
  { requiredKeys: requiredOfLetter },
);
const restorePoints = fc.record(
  {
    name: fc.constantFrom('before-1.5', 'a'),
    atMs: times,
    by: fc.string(),
    reason: fc.string(),
    expiresAtMs: times,
    positions: fc.array(fc.tuple(fc.constantFrom('s1', 's2', '__proto__x'), positions)).map((pairs) => new Map(pairs)),
  },
  { requiredKeys: ['name', 'atMs', 'by', 'positions'] },
);
const backups: fc.Arbitrary<Backup> = fc.record(
  {
    stream: fc.constant(stream),
    exportedAtMs: times,
    registration: fc.record({
      start: positions,
      requestedStart: fc.constant('LATEST'),
      registeredAtMs: times,
      initialShardsRecorded: fc.boolean(),
    }),
    shards,
    restorePoints: fc.array(restorePoints, { maxLength: 2 }),
    deadLetters: fc.record(
      { open: fc.nat(), parked: fc.nat(), letters: fc.array(letter, { maxLength: 2 }) },
      { requiredKeys: ['open', 'parked'] },
    ),
  },
  { requiredKeys: ['stream', 'exportedAtMs', 'shards', 'deadLetters'] },
);

const shard: BackupShard = {
  shardId: 'shardId-000000000000',
  parentShardIds: [],
  start: TRIM_HORIZON,
  checkpoint: {
    position: { at: 'AFTER', sequenceNumber: '100' },
    generation: 2,
    totals: ZERO_TOTALS,
    committedAtMs: 5,
  },
};
const backup: Backup = { stream, exportedAtMs: 7, shards: [shard], deadLetters: { open: 0, parked: 0 } };

function rowAt(change: Partial<CheckpointRow>): CheckpointRow {
  return {
    position: { at: 'AFTER', sequenceNumber: '100' },
    generation: 0,
    token: 'token-of-row',
    revision: 1,
    writer: { runId: 'r', activityId: '1', activitySeq: 1, attempt: 1 },
    workflowId: 'w',
    parentShardIds: [],
    totals: ZERO_TOTALS,
    committedAtMs: 1,
    ...change,
  };
}

it('a position reads as it was written, and nothing else does', () => {
  fc.assert(
    fc.property(positions, (position) => {
      expect(parsePositionText(describePosition(position))).toEqual(position);
    }),
  );
  for (const text of ['', 'LATEST', 'AT noon', 'AT 5', 'AFTER ', 'AFTER x', 'AFTER 1.', 'AFTER 1.2.3', ' SHARD_END'])
    expect(parsePositionText(text)).toBeUndefined();
});

describe('a backup', () => {
  it('reads as it was written', () => {
    fc.assert(
      fc.property(backups, (wanted) => {
        expect(readBackup(writeBackup(wanted, base64), bytesOf)).toEqual(wanted);
      }),
      { numRuns: 50 },
    );
  });

  it('has positions in words', () => {
    expect(JSON.parse(writeBackup(backup, base64))).toMatchObject({
      format: 'tidemark-checkpoints',
      version: 1,
      exportedAt: '1970-01-01T00:00:00.007Z',
      shards: [
        { start: 'TRIM_HORIZON', checkpoint: { position: 'AFTER 100', committedAt: '1970-01-01T00:00:00.005Z' } },
      ],
    });
  });

  it.each([
    ['not JSON', () => '{', 'it is not JSON'],
    ['another file', (text: string) => text.replace('tidemark-checkpoints', 'other'), 'format is not tidemark'],
    ['a later version', (text: string) => text.replace('"version": 1', '"version": 2'), 'has version 2. This version'],
    ['a position', (text: string) => text.replace('AFTER 100', 'AFTER dinner'), 'shards[0].checkpoint.position is not'],
    ['a number', (text: string) => text.replace('"generation": 2', '"generation": -2'), 'generation is not a whole'],
    ['no shards', (text: string) => text.replace('"shards"', '"shreds"'), 'shards is not a list'],
  ])('that is wrong is refused by place: %s', (_what, damage, message) => {
    const text = damage(writeBackup(backup, base64));
    const read = (): Backup => readBackup(text, bytesOf);
    expect(read).toThrow(TidemarkError);
    expect(read).toThrow(message);
  });

  it('names each shard once', () => {
    const twice = writeBackup({ ...backup, shards: [shard, shard] }, base64);
    expect(() => readBackup(twice, bytesOf)).toThrow('shards[1].shardId is not unique');
  });
});

describe('an import', () => {
  const plan = (found: Parameters<typeof planImport>[1], isReplacing = false) =>
    planImport(backup, found, isReplacing)[0];

  it('creates the rows that are missing, at the exported generation', () => {
    expect(plan(new Map())).toMatchObject({ action: 'create', checkpoint: { generation: 2 } });
    expect(plan(new Map())).not.toHaveProperty('ifToken');
  });

  it('has nothing to do where a row stands there already, so that it can be repeated', () => {
    expect(plan(new Map([[shard.shardId, { row: rowAt({}), parkedKeys: 0 }]]), true)).toMatchObject({ action: 'same' });
  });

  it('leaves a row that stands elsewhere, unless it is to replace it', () => {
    const found = new Map([
      [shard.shardId, { row: rowAt({ position: SHARD_END, generation: 4, fence: 9 }), parkedKeys: 0 }],
    ]);
    expect(plan(found)).toMatchObject({ action: 'keep', from: SHARD_END });
    expect(plan(found, true)).toMatchObject({
      action: 'replace',
      from: SHARD_END,
      ifToken: 'token-of-row',
      checkpoint: { position: { sequenceNumber: '100' }, generation: 5, fence: 9 },
    });
  });

  it('counts the parked keys by their letters, whatever the backup or the row says', () => {
    const at = (row: CheckpointRow | undefined, parkedKeys: number) =>
      plan(new Map([[shard.shardId, { row, parkedKeys }]]), true);
    expect(at(undefined, 2)).toMatchObject({ action: 'create', checkpoint: { generation: 2, parkedKeys: 2 } });
    expect(at(rowAt({ position: SHARD_END, parkedKeys: 1 }), 3)).toMatchObject({
      action: 'replace',
      checkpoint: { generation: 2, parkedKeys: 3 },
    });
    expect(at(rowAt({ parkedKeys: 2 }), 2)).toMatchObject({ action: 'same' });
    const uncounted = new Map([[shard.shardId, { row: rowAt({ generation: 2 }), parkedKeys: 2 }]]);
    expect(plan(uncounted)).toMatchObject({ action: 'keep' });
    expect(plan(uncounted, true)).toMatchObject({ action: 'replace', checkpoint: { generation: 3, parkedKeys: 2 } });
    const withCount = { ...shard, checkpoint: { ...shard.checkpoint!, parkedKeys: 5 } };
    const [step] = planImport({ ...backup, shards: [withCount] }, new Map(), false);
    expect(step?.checkpoint).not.toHaveProperty('parkedKeys');
  });

  it('writes a row for a shard without a checkpoint that has parked keys', () => {
    const { checkpoint: _none, ...fresh } = shard;
    const found = new Map([[shard.shardId, { start: fresh.start, parkedKeys: 1 }]]);
    expect(planImport({ ...backup, shards: [fresh] }, found, false)).toMatchObject([
      { action: 'create', checkpoint: { position: TRIM_HORIZON, parkedKeys: 1 } },
    ]);
  });

  it('gives a generation that is above the row and not below the export', () => {
    fc.assert(
      fc.property(fc.nat(10), fc.nat(10), positions, (exported, existing, position) => {
        fc.pre(comparePositions(position, { at: 'AFTER', sequenceNumber: '100' }) !== 0);
        const one = { ...shard, checkpoint: { ...shard.checkpoint!, generation: exported } };
        const found = new Map([[shard.shardId, { row: rowAt({ position, generation: existing }), parkedKeys: 0 }]]);
        const [step] = planImport({ ...backup, shards: [one] }, found, true);
        expect(step?.checkpoint?.generation).toBe(Math.max(existing + 1, exported));
      }),
    );
  });

  it('writes a row for a shard without a checkpoint only where the table would have it begin elsewhere', () => {
    const { checkpoint: _none, ...fresh } = { ...shard, start: { at: 'AT_TIMESTAMP', timestampMs: 5 } as const };
    const only = { ...backup, shards: [fresh] };
    const at = (start: Parameters<typeof planImport>[1]) => planImport(only, start, false)[0];
    expect(at(new Map())).toMatchObject({ action: 'record' });
    expect(at(new Map([[shard.shardId, { start: fresh.start, parkedKeys: 0 }]]))).toMatchObject({ action: 'same' });
    const later = { at: 'AT_TIMESTAMP', timestampMs: 9 } as const;
    expect(at(new Map([[shard.shardId, { start: later, parkedKeys: 0 }]]))).toMatchObject({
      action: 'create',
      checkpoint: { position: fresh.start, generation: 1 },
    });
  });
});
