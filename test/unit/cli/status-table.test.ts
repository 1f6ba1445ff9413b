import type { ConsumerReport, ShardReport } from '../../../src';
import { StatusRates } from '../../../src/cli/status-rates';
import { renderReports } from '../../../src/cli/status-table';

const NOW_MS = Date.parse('2026-01-01T12:00:00Z');

const NOTE = { code: 'HANDLER_FAILED', message: 'It failed', atMs: NOW_MS, hint: 'Look at the handler.' } as const;

function shard(number: number, more: Partial<ShardReport> = {}): ShardReport {
  const shardId = `shardId-00000000000${number}`;
  return { shardId, workflowId: `w/${shardId}`, state: 'READING', records: 0, failures: 0, ...more };
}

function report(shards: readonly ShardReport[], more: Partial<ConsumerReport> = {}): ConsumerReport {
  const names = { consumer: 'flight-delays', streamName: 'flights', streamArn: 'arn', createdAtMs: 0 };
  return { ...names, state: 'RUNNING', shards, ...more };
}

/** Cells of the line of a shard. */
function cells(text: string, shardId: string): string[] {
  const line = text.split('\n').find((candidate) => candidate.includes(`│ ${shardId} `)) ?? '';
  return line
    .split('│')
    .slice(1, -1)
    .map((cell) => cell.trim());
}

describe('status as a table', () => {
  it('has a line per shard: state, position, lag, age of the last commit, records, failures, last error', () => {
    const text = renderReports(
      [
        report([
          shard(0, {
            position: { at: 'AFTER', sequenceNumber: '49680530681288298009700419761138515645085057906850660370' },
            millisBehindLatest: 1_500,
            committedAtMs: NOW_MS - 4_000,
            records: 1_234_567,
          }),
          shard(1, { state: 'WAITING', position: { at: 'TRIM_HORIZON' } }),
          shard(2, { state: 'NO_WORKER' }),
        ]),
      ],
      { nowMs: NOW_MS },
    );
    expect(cells(text, 'shardId-000000000000')).toEqual([
      'shardId-000000000000',
      'READING',
      'AFTER …906850660370',
      '1.5 s',
      '4.0 s ago',
      '1,234,567',
      '',
      '',
    ]);
    expect(cells(text, 'shardId-000000000001').slice(1)).toEqual(['WAITING', 'TRIM_HORIZON', '', '', '0', '', '']);
    expect(cells(text, 'shardId-000000000002').slice(1)).toEqual(['NO_WORKER', '', '', '', '', '', '']);
    expect(text).toContain('No worker answers');
  });

  it('explains each different error once, below, with what to do', () => {
    const denied = {
      code: 'ACCESS_DENIED',
      message: 'Not allowed. Grant it.',
      atMs: NOW_MS,
      hint: 'Grant it.',
    } as const;
    const failing = [0, 1, 2].map((number) => shard(number, { state: 'RETRYING', failures: 3, lastError: NOTE }));
    const text = renderReports([report([...failing, shard(3, { lastError: denied })])], { nowMs: NOW_MS });
    expect(cells(text, 'shardId-000000000001').slice(6)).toEqual(['3', 'HANDLER_FAILED']);
    expect(text.split('\n').slice(-2)).toEqual([
      'shardId-000000000000 and 2 more: HANDLER_FAILED: It failed. Look at the handler.',
      'shardId-000000000003: ACCESS_DENIED: Not allowed. Grant it.',
    ]);
  });

  it('counts what was filtered, set aside and parked only where there is any', () => {
    const totals = { records: 1_500, bytes: 1, batches: 1, filtered: 1_200, deadLettered: 3 };
    const position = { at: 'TRIM_HORIZON' } as const;
    const text = renderReports([report([shard(0, { totals, position, parkedKeys: 2 }), shard(1, { position })])], {
      nowMs: NOW_MS,
    });
    expect(text).toMatch(/Records │ Filtered │ Dead letters │ Parked keys │ Failures/);
    expect(cells(text, 'shardId-000000000000').slice(6, 9)).toEqual(['1,200', '3', '2']);
    expect(cells(text, 'shardId-000000000001').slice(6, 9)).toEqual(['', '', '']);
    expect(text).toContain(
      'shardId-000000000000: 2 partition keys are parked. ' +
        '`npx tidemark dead-letters list <file> --shard shardId-000000000000 --status parked` shows its records, ' +
        '`npx tidemark retry <file> --shard shardId-000000000000` tries them again, in order.',
    );
    const none = { ...totals, filtered: 0, deadLettered: 0 };
    const plain = renderReports([report([shard(0, { totals: none, parkedKeys: 0 })])], { nowMs: NOW_MS });
    expect(plain).not.toMatch(/Filtered|Dead|Parked/);
  });

  it('shows what is at risk of losing records before what is only late, with the share and the time left', () => {
    const retention = { usedPercent: 64, leftMs: 31_104_000, isAtRisk: true };
    const text = renderReports(
      [
        report([
          shard(0, { millisBehindLatest: 9_000_000, failures: 3 }),
          shard(1, { retention: { usedPercent: 12, leftMs: 76_032_000, isAtRisk: false } }),
          shard(2, { retention }),
          shard(3, { state: 'PAUSED', retention }),
        ]),
      ],
      { nowMs: NOW_MS },
    );
    const shown = [...text.matchAll(/│ (shardId-\d+) /g)].map(([, shardId]) => shardId?.at(-1));
    expect(shown).toEqual(['3', '2', '0', '1']);
    expect(cells(text, 'shardId-000000000002')).toContain('64 %, 8.6 h left');
    expect(cells(text, 'shardId-000000000001')).not.toContain('12 %');
    expect(text).toContain('shardId-000000000003 and 1 more: at risk: retention will take records');
    expect(renderReports([report([shard(0)])], { nowMs: NOW_MS })).not.toContain('At risk');
  });

  it('tells of a shard that waits because of lost records how the loss is accepted', () => {
    const loss = { fromMs: NOW_MS - 2_000, toMs: NOW_MS - 1_000, cause: 'retention' } as const;
    const lost = shard(1, { state: 'PARKED', halt: { how: 'park', loss, sinceMs: NOW_MS } });
    expect(renderReports([report([lost])], { nowMs: NOW_MS })).toContain(
      'shardId-000000000001: parked before records that may be lost: retention took what arrived from ' +
        '2026-01-01T11:59:58.000Z to 2026-01-01T11:59:59.000Z, since 2026-01-01T12:00:00.000Z. ' +
        '`npx tidemark skip <file> --shard shardId-000000000001 --reason <why>` accepts the loss',
    );
  });

  it('shows shards that failed first, then those that are parked, with the record, the reason and what to do', () => {
    const halt = { how: 'park', sequenceNumber: '4967', sinceMs: NOW_MS } as const;
    const lastError = { ...NOTE, message: 'Record 4967 failed for good after 5 attempts: Error:\n\u001Bodd.' };
    const failed = {
      ...NOTE,
      code: 'RECORD_FAILED',
      message: 'Record 12 failed for good',
      hint: 'Start again.',
    } as const;
    const text = renderReports(
      [
        report([
          shard(0),
          shard(1, { state: 'PARKED', halt, lastError, failures: 5 }),
          shard(2, { state: 'FAILED', lastError: failed }),
          shard(3, { state: 'PARKED', halt: { ...halt, retryAtMs: NOW_MS + 1_000 } }),
        ]),
      ],
      { nowMs: NOW_MS },
    );
    expect(text.match(/│ shardId-\d+ │ [A-Z]+/g)?.map((row) => row.slice(-10).trim())).toEqual([
      '2 │ FAILED',
      '1 │ PARKED',
      '3 │ PARKED',
      '│ READING',
    ]);
    expect(text.split('\n').slice(-3)).toEqual([
      'shardId-000000000002: RECORD_FAILED: Record 12 failed for good. Start again.',
      'shardId-000000000001: parked at record 4967 since 2026-01-01T12:00:00.000Z; ' +
        'HANDLER_FAILED: Record 4967 failed for good after 5 attempts: Error: \\u{1B}odd. ' +
        '`npx tidemark retry <file> --shard shardId-000000000001` tries it again, ' +
        '`npx tidemark skip <file> --shard shardId-000000000001 --reason <why>` sets it aside.',
      expect.stringContaining(
        'since 2026-01-01T12:00:00.000Z, tried again by itself at 2026-01-01T12:00:01.000Z. `npx',
      ),
    ]);
  });

  it('says how far the search for a failing record is', () => {
    const position = { at: 'AFTER', sequenceNumber: '12' } as const;
    const streak = { position, through: '900', records: 250, failures: 2, deaths: 0, phase: 'retry' } as const;
    const range = { atMs: NOW_MS, after: 'AFTER 12', through: '900', records: 250, code: 'HANDLER_FAILED' } as const;
    const recentEvents = [{ kind: 'retry', attempt: 3, of: 5, delayMs: 1_000, ...range }] as const;
    const retrying = { state: 'RETRYING', lastError: NOTE, failures: 2, streak, recentEvents } as const;
    const line = (more: Partial<ShardReport>): string | undefined =>
      renderReports([report([shard(0, { ...retrying, ...more })])], { nowMs: NOW_MS })
        .split('\n')
        .at(-1);
    expect(line({})).toBe(
      'shardId-000000000000: HANDLER_FAILED: It failed. Now: attempt 3 of 5 of 250 records behind AFTER 12 through 900. Look at the handler.',
    );
    expect(line({ streak: { ...streak, phase: 'cut' } })).toContain('Now: searching among 250 records behind');
    expect(line({ streak: { ...streak, failures: 0 } })).toBe(
      'shardId-000000000000: HANDLER_FAILED: It failed. Look at the handler.',
    );
  });

  it('says what to do where nothing runs', () => {
    expect(renderReports([], { nowMs: NOW_MS })).toContain('No consumer runs in this namespace');
    expect(renderReports([report([], { state: 'NOT_STARTED' })], { nowMs: NOW_MS })).toContain(
      '`npx tidemark start <file>`',
    );
    expect(renderReports([report([], { state: 'COMPLETED' })], { nowMs: NOW_MS })).toContain(
      'goes on from the checkpoints',
    );
  });
});

describe('status of many shards', () => {
  const many = Array.from({ length: 1_000 }, (_, index) =>
    shard(index % 10, {
      shardId: `shard-${index}`,
      workflowId: `w${index}`,
      millisBehindLatest: index,
      records: index,
    }),
  );
  const troubled = [...many, shard(1, { shardId: 'bad', workflowId: 'wb', state: 'PARKED' })];

  it('is summed up, and shows the most troubled ones', () => {
    const text = renderReports([report(troubled)], { nowMs: NOW_MS, top: 3 });
    expect(text).toContain('READING 1,000, PARKED 1; largest lag 999 ms');
    expect(text.match(/│ (bad|shard-\d+) /g)).toEqual(['│ bad ', '│ shard-999 ', '│ shard-998 ']);
    expect(text).toContain('3 of 1001 shards are shown');
  });

  it('shows those in some states only', () => {
    const text = renderReports([report(troubled)], { nowMs: NOW_MS, states: ['PARKED'] });
    expect(text.match(/│ (bad|shard-\d+) /g)).toEqual(['│ bad ']);
  });

  it('tells how fast they are, and when they are caught up, from two looks', () => {
    const rates = new StatusRates();
    const at = (records: number, millisBehindLatest: number) => [report([shard(0, { records, millisBehindLatest })])];
    rates.look(at(100, 60_000), NOW_MS - 10_000);
    expect(renderReports(at(100, 60_000), { nowMs: NOW_MS, rates })).not.toContain('Records/s');
    rates.look(at(5_100, 40_000), NOW_MS);
    const text = renderReports(at(5_100, 40_000), { nowMs: NOW_MS, rates });
    expect(text).toContain('largest lag 40.0 s; 500 records/s');
    expect(cells(text, 'shardId-000000000000')).toContain('20.0 s');
    rates.look(at(5_100, 41_000), NOW_MS + 60_000);
    expect(rates.of(shard(0))?.catchUpMs).toBeUndefined();
    rates.look([], NOW_MS + 62_000);
    expect(rates.of(shard(0))).toBeUndefined();
  });
});
