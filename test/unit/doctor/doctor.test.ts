import { renderFindings } from '../../../src/cli/commands/doctor';
import { ZERO_TOTALS, type CheckpointRow } from '../../../src/core/checkpoint';
import { TidemarkError } from '../../../src/core/errors';
import { SHARD_END, TRIM_HORIZON } from '../../../src/core/positions';
import { judgeClock } from '../../../src/doctor/clock';
import { judgeNode } from '../../../src/doctor/examine';
import { ok } from '../../../src/doctor/finding';
import { judgeRetention } from '../../../src/doctor/retention';
import { runProbes } from '../../../src/doctor/run-probes';

const NOW_MS = 1_767_225_600_000;
const DAY_MS = 86_400_000;

describe('probes', () => {
  it('run at once, in bounded time; one that hangs is a finding', async () => {
    const order: string[] = [];
    const findings = await runProbes(
      [
        { name: 'hangs', look: () => new Promise(() => order.push('hangs')) },
        { name: 'answers', look: async () => (order.push('answers'), ok('fine')) },
      ],
      50,
    );
    expect(order).toEqual(['hangs', 'answers']);
    expect(findings).toEqual([
      { name: 'hangs', state: 'wrong', what: 'no answer within 0.05 s', hint: expect.stringContaining('hangs') },
      { name: 'answers', state: 'ok', what: 'fine' },
    ]);
  });

  it('that throw say what to do, and nothing of any other error but its first line', async () => {
    const denied = new TidemarkError('ACCESS_DENIED', 'Not allowed to call kinesis:ListShards');
    const findings = await runProbes([
      { name: 'a', look: () => Promise.reject(denied) },
      { name: 'b', look: () => Promise.reject(new Error('boom\nat line')) },
    ]);
    expect(findings).toMatchObject([
      { state: 'wrong', what: expect.stringMatching(/^ACCESS_DENIED: Not allowed .* Grant the named action/) },
      { state: 'wrong', what: 'boom' },
    ]);
  });
});

it.each([
  ['18.20.0', 'wrong'],
  ['20.18.9', 'wrong'],
  ['20.19.0', 'ok'],
  ['22.0.0', 'ok'],
])('Node.js %s is %s', (version, state) => {
  expect(judgeNode(version).state).toBe(state);
});

describe('the clock', () => {
  const at = (offsetMs: number, delayMs = 0) => ({
    server: 'Kinesis',
    sentMs: NOW_MS,
    receivedMs: NOW_MS + delayMs,
    serverMs: Math.floor((NOW_MS + offsetMs) / 1_000) * 1_000,
  });

  it.each([
    [[at(0)], 'ok', 'agrees with the servers'],
    [[at(2_000, 3_000)], 'ok', 'agrees with the servers'],
    [[at(4_000)], 'ok', '4.0 s behind Kinesis'],
    [[at(0), at(60_000)], 'wrong', 'this machine is 60.0 s behind Kinesis'],
    [[at(-60_000)], 'wrong', 'this machine is 59.0 s ahead of Kinesis'],
    [[{ server: 'DynamoDB', sentMs: 1, receivedMs: 2 }], 'skipped', 'no server says what time it is'],
  ])('is compared with the servers: %#', (readings, state, what) => {
    expect(judgeClock(readings)).toMatchObject({ state, what });
  });
});

describe('retention', () => {
  function shard(change: Partial<CheckpointRow>) {
    const base = { token: 't', generation: 0, revision: 1, workflowId: 'w', parentShardIds: [], totals: ZERO_TOTALS };
    const writer = { runId: 'r', activityId: '1', activitySeq: 1, attempt: 1 };
    const row: CheckpointRow = { ...base, writer, position: TRIM_HORIZON, committedAtMs: NOW_MS, ...change };
    return { shardId: 'shardId-a', row };
  }
  const behind = (share: number) => shard({ lastArrivalMs: NOW_MS - share * DAY_MS });

  it.each([
    [[], 'ok'],
    [[behind(0.1)], 'ok'],
    [[behind(0.6)], 'warning'],
    [[behind(0.1), behind(0.9)], 'wrong'],
    [[behind(1.1)], 'wrong'],
    // It was caught up a minute ago: its last record is old because no other came.
    [[shard({ lastArrivalMs: NOW_MS - 3 * DAY_MS, caughtUpAtMs: NOW_MS - 60_000 })], 'ok'],
    [[shard({ committedAtMs: NOW_MS - 2 * DAY_MS })], 'wrong'],
    [[shard({ position: SHARD_END, lastArrivalMs: NOW_MS - 9 * DAY_MS })], 'ok'],
  ])('is held against the checkpoint that is furthest behind: %#', (rows, state) => {
    expect(judgeRetention(rows, DAY_MS, NOW_MS).state).toBe(state);
  });
});

it('findings are one line each, with what to do', () => {
  const text = renderFindings([
    { name: 'stream', consumer: 'a', state: 'ok', what: 'fine' },
    { name: 'clock', consumer: 'a', state: 'wrong', what: 'late\u001B[2J', hint: 'NTP' },
  ]);
  expect(text.split('\n')).toEqual([
    'ok       stream                    fine',
    'WRONG    clock                     late\\u{1B}[2J -> NTP',
    '',
    '1 wrong, 0 warnings.',
  ]);
});
