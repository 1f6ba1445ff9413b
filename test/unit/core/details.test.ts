import { ZERO_TOTALS } from '../../../src/core/checkpoint';
import { describeStreak } from '../../../src/core/failure-step-text';
import type { FailureStreak } from '../../../src/core/failure-policy';
import { errorCodes, type ErrorCode } from '../../../src/core/errors';
import { SHARD_END, TRIM_HORIZON } from '../../../src/core/positions';
import { resolveOptions } from '../../../src/core/resolve-options';
import { describeEvent, describeLag, describeShard, describeSlice } from '../../../src/core/shard-details';
import type { ShardEvent, ShardStatus, SyncResult } from '../../../src/core/shard-work';
import { describeStream } from '../../../src/core/stream-details';
import { endsWorkflow } from '../../../src/core/terminal-codes';
import { timingOf } from '../../../src/core/timing';
import { SHARD } from '../../support/protocol/fixture';

const atMs = 1_767_225_600_000;
const at = '2026-01-01T00:00:00.000Z';
const idle: ShardStatus = {
  shardId: 's',
  phase: 'STARTING',
  position: TRIM_HORIZON,
  generation: 0,
  progress: { totals: ZERO_TOTALS },
  failures: 0,
  slices: 0,
};
const busy: ShardStatus = {
  ...idle,
  phase: 'RETRYING',
  position: { at: 'AFTER', sequenceNumber: '49657018370131542786789017291234567890' },
  progress: {
    totals: { records: 1_234_567, bytes: 9_000, batches: 12 },
    committedAtMs: atMs,
    millisBehindLatest: 5_000,
  },
  failures: 3,
  slices: 7,
  worker: 'host:1',
  lastError: { code: 'HANDLER_FAILED', message: 'first\n  second', atMs },
  lastEvent: { kind: 'fenced', atMs },
};

const range = { atMs, after: 'AFTER 12', through: '900', records: 250, code: 'HANDLER_FAILED' } as const;
const streak: FailureStreak = {
  position: { at: 'AFTER', sequenceNumber: '12' },
  through: '900',
  records: 250,
  failures: 3,
  deaths: 0,
  phase: 'retry',
};

describe('details of a shard', () => {
  it('show what is known, and leave out the rest', () => {
    expect(describeShard(idle).split('\n')).toEqual([
      '- **State**: **STARTING**',
      '- **Position**: `TRIM_HORIZON`',
      '- **Committed**: 0 records, 0 batches, 0 bytes',
    ]);
    expect(describeShard(busy).split('\n')).toEqual([
      '- **State**: **RETRYING** (failed 3 times in a row)',
      '- **Position**: `AFTER 49657018370131542786789017291234567890`',
      '- **Lag**: 5.0 s',
      '- **Committed**: 1,234,567 records, 12 batches, 9,000 bytes',
      `- **Last commit**: ${at}`,
      '- **Worker**: `host:1`',
      `- **Last error**: \`HANDLER_FAILED\` at ${at}: first second`,
      `- **Last event**: ${at} another execution had taken the shard`,
    ]);
  });

  it('count what was not handled', () => {
    const totals = { records: 2_000, bytes: 9, batches: 1, filtered: 1_200, deadLettered: 1 };
    expect(
      describeShard({ ...idle, progress: { totals, parkedKeys: 2 } })
        .split('\n')
        .slice(2),
    ).toEqual([
      '- **Committed**: 2,000 records, 1 batch, 9 bytes',
      '- **Filtered**: 1,200 records',
      '- **Dead letters**: 1 record',
      '- **Parked partition keys**: 2 keys',
    ]);
  });

  it('say where a shard is parked, why, until when, and what to do', () => {
    const halt = { how: 'park', sequenceNumber: '17', sinceMs: atMs } as const;
    const parked = { ...busy, phase: 'PARKED', streak: { ...streak, phase: 'final' }, halt } as const;
    expect(describeShard(parked).split('\n')[1]).toBe(
      `- **Parked**: at record 17 since ${at}, \`HANDLER_FAILED\`. \`npx tidemark retry\` tries it again, \`npx tidemark skip\` sets it aside`,
    );
    const until = { ...parked, halt: { ...halt, retryAtMs: atMs + 60_000 } };
    expect(describeShard(until)).toContain(`since ${at}, tried again by itself at 2026-01-01T00:01:00.000Z, `);
    expect(describeShard({ ...parked, phase: 'STOPPED' })).not.toContain('Parked');
    expect(describeShard({ ...parked, phase: 'FAILED', halt: { ...halt, how: 'stop' } }).split('\n')[1]).toBe(
      `- **Failed**: at record 17 since ${at}, \`HANDLER_FAILED\`; the consumer stops`,
    );
  });

  it('say how far the search for a failing record is', () => {
    const recentEvents: ShardEvent[] = [{ kind: 'retry', attempt: 3, of: 5, delayMs: 1, ...range }];
    expect(describeShard({ ...busy, streak, recentEvents })).toContain(
      '- **Failing**: attempt 4 of 5 of 250 records behind AFTER 12 through 900',
    );
    expect(describeShard({ ...busy, streak: { ...streak, phase: 'cut' } })).toContain(
      '- **Failing**: searching among 250 records behind AFTER 12 through 900',
    );
  });

  it('list the last steps with their times and reasons, one line each', () => {
    const recentEvents: ShardEvent[] = [
      { kind: 'claimed', atMs, adopted: 'none' },
      { kind: 'skipped', atMs, sequenceNumber: '17', code: 'HANDLER_FAILED', by: 'jane', reason: 'a\n# b' },
    ];
    const lines = describeShard({ ...busy, lastEvent: recentEvents.at(-1), recentEvents }).split('\n');
    expect(lines.slice(-3)).toEqual([
      '- **Recent steps**: ',
      `  - ${at} took over the checkpoint`,
      `  - ${at} record 17 skipped by jane: a # b`,
    ]);
    expect(lines.join()).not.toContain('Last event');
  });

  it('keep a long error short', () => {
    const lastError = { code: 'INTERNAL', message: 'x'.repeat(50_000), atMs } as const;
    expect(describeShard({ ...idle, lastError }).length).toBeLessThan(1_500);
  });

  it('name a slice in one line', () => {
    expect(describeSlice(busy)).toBe(
      'Slice 7, retry 3: read after …291234567890; so far 1,234,567 records in 12 batches',
    );
    expect(describeSlice({ ...idle, position: SHARD_END })).toBe(
      'Slice 0: read SHARD_END; so far 0 records in 0 batches',
    );
  });

  it.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1_000, '1.0 s'],
    [119_999, '120.0 s'],
    [120_000, '2 min'],
    [7_199_999, '120 min'],
    [7_200_000, '2.0 h'],
  ])('show a lag of %d ms as %s', (ms, text) => expect(describeLag(ms)).toBe(text));

  it.each<[ShardEvent, string]>([
    [{ kind: 'claimed', atMs, adopted: 'none' }, `${at} took over the checkpoint`],
    [{ kind: 'claimed', atMs, adopted: 'created' }, `${at} wrote the first checkpoint`],
    [{ kind: 'claimed', atMs, adopted: 'row' }, `${at} took over a checkpoint that was ahead of this workflow`],
    [
      { kind: 'claimed', atMs, adopted: 'input' },
      `${at} took over a checkpoint that was behind this workflow (restored or damaged), and moved it up`,
    ],
    [
      { kind: 'dataLoss', atMs, fromMs: atMs - 1, toMs: atMs, cause: 'retention' },
      `${at} **records may be lost**: retention took what arrived from 2025-12-31T23:59:59.999Z to ${at}`,
    ],
    [
      { kind: 'lossAccepted', atMs, by: 'ann', reason: 'known', fromMs: atMs - 1, toMs: atMs },
      `${at} loss accepted, of what arrived from 2025-12-31T23:59:59.999Z to ${at}, by ann: known`,
    ],
    [
      { kind: 'atRisk', atMs, usedPercent: 54, leftMs: 39_600_000 },
      `${at} **at risk of losing records**: 54 % of retention used, 11.0 h left`,
    ],
    [
      { kind: 'outOfRisk', atMs, usedPercent: 3, leftMs: 83_000_000 },
      `${at} no longer at risk of losing records: 3 % of retention used`,
    ],
    [
      { kind: 'retry', attempt: 2, of: 5, delayMs: 1_500, ...range },
      `${at} attempt 2 of 5 in 1.5 s: 250 records behind AFTER 12 through 900, HANDLER_FAILED`,
    ],
    [
      { kind: 'cut', size: 125, ...range },
      `${at} cut to the first 125 of 250 records behind AFTER 12 through 900, HANDLER_FAILED`,
    ],
    [
      { kind: 'died', deaths: 2, ...range, records: 1 },
      `${at} an execution died, 2 in a row, on record 900, HANDLER_FAILED`,
    ],
    [
      { kind: 'deadLettered', atMs, attempts: 1, sequenceNumber: '17', code: 'SCHEMA_INVALID' },
      `${at} record 17 set aside as a dead letter after 1 attempt: SCHEMA_INVALID`,
    ],
    [
      { kind: 'parked', atMs, by: 'shard', sequenceNumber: '17', code: 'HANDLER_FAILED' },
      `${at} parked at record 17: HANDLER_FAILED`,
    ],
    [
      { kind: 'parked', atMs, by: 'partitionKey', sequenceNumber: '17', code: 'HANDLER_FAILED' },
      `${at} parked the partition key of record 17: HANDLER_FAILED`,
    ],
    [{ kind: 'unparked', atMs, by: 'jane' }, `${at} tried again by jane`],
    [{ kind: 'drained', atMs, records: 3 }, `${at} a parked partition key is through: 3 records handled in order`],
  ])('tell of %j', (event, text) => expect(describeEvent(event)).toBe(text));
});

describe('a search for a failing record', () => {
  it.each<[Partial<FailureStreak>, string | undefined]>([
    [{ failures: 0 }, undefined],
    [{}, 'attempt 4 of 250 records behind AFTER 12 through 900'],
    [{ records: 1, deaths: 1 }, 'attempt 4 of record 900; an execution has died on it'],
    [
      { phase: 'cut', deaths: 2 },
      'searching among 250 records behind AFTER 12 through 900; 2 executions have died on it',
    ],
    [{ phase: 'cut', records: 1 }, 'trying alone record 900'],
    [{ phase: 'final', records: 1 }, 'record 900 failed for good after 3 attempts'],
  ])('is told of as it stands: %j', (more, text) => expect(describeStreak({ ...streak, ...more })).toBe(text));
});

describe('details of a stream', () => {
  const head = [`- **Stream**: \`${SHARD.streamArn}\`, created 2023-11-14T22:13:20.000Z`];
  const lastSync: SyncResult = {
    listed: 5,
    running: 2,
    waiting: 1,
    finished: 2,
    expired: ['a', 'b'],
    expiredCount: 2,
    atMs,
    timing: { heartbeatTimeoutMs: 1, shardSyncIntervalMs: 1 },
  };

  it('show what is known', () => {
    expect(describeStream({ stream: SHARD, stopping: false }).split('\n')).toEqual([...head, '- **State**: following']);
    expect(
      describeStream({
        stream: SHARD,
        stopping: true,
        lastSync,
        lastError: { code: 'STREAM_DELETED', message: 'gone', atMs },
      }).split('\n'),
    ).toEqual([
      ...head,
      '- **State**: stopping',
      '- **Shards**: 5 listed, 2 being read, 1 waiting for their parents, 2 finished',
      '- **Taken by retention before they were finished**: 2 (a, b)',
      `- **Last listing**: ${at}`,
      '- **Last error**: `STREAM_DELETED` gone',
    ]);
  });

  it('do not speak of shards that retention took when there are none', () => {
    expect(
      describeStream({ stream: SHARD, stopping: false, lastSync: { ...lastSync, expired: [], expiredCount: 0 } }),
    ).not.toContain('retention');
  });
});

describe('endsWorkflow', () => {
  it('only where there is nothing left to read, or the policy is to stop', () => {
    const ending = (Object.keys(errorCodes) as ErrorCode[]).filter(endsWorkflow);
    expect(ending.sort()).toEqual(['RECORD_FAILED', 'SHARD_NOT_FOUND', 'STREAM_DELETED', 'STREAM_RECREATED']);
  });
});

describe('timingOf', () => {
  it('is the part of the options that workflows obey', () => {
    const options = resolveOptions({ name: 'c', stream: 's', startFrom: 'LATEST', heartbeatTimeoutMs: 3_000 });
    expect(timingOf(options)).toEqual({ heartbeatTimeoutMs: 3_000, shardSyncIntervalMs: 60_000 });
  });
});
