import type { ConsumerReport, ShardReport } from '../../../src';
import { renderReports } from '../../../src/cli/status-table';

const NOW_MS = Date.parse('2026-01-01T12:00:00Z');

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
      NOW_MS,
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
    const note = { code: 'HANDLER_FAILED', message: 'It failed', atMs: NOW_MS, hint: 'Look at the handler.' } as const;
    const denied = {
      code: 'ACCESS_DENIED',
      message: 'Not allowed. Grant it.',
      atMs: NOW_MS,
      hint: 'Grant it.',
    } as const;
    const failing = [0, 1, 2].map((number) => shard(number, { state: 'RETRYING', failures: 3, lastError: note }));
    const text = renderReports([report([...failing, shard(3, { lastError: denied })])], NOW_MS);
    expect(cells(text, 'shardId-000000000001').slice(6)).toEqual(['3', 'HANDLER_FAILED']);
    expect(text.split('\n').slice(-2)).toEqual([
      'shardId-000000000000 and 2 more: HANDLER_FAILED: It failed. Look at the handler.',
      'shardId-000000000003: ACCESS_DENIED: Not allowed. Grant it.',
    ]);
  });

  it('says what to do where nothing runs', () => {
    expect(renderReports([], NOW_MS)).toContain('No consumer runs in this namespace');
    expect(renderReports([report([], { state: 'NOT_STARTED' })], NOW_MS)).toContain('`npx tidemark start <file>`');
    expect(renderReports([report([], { state: 'COMPLETED' })], NOW_MS)).toContain('goes on from the checkpoints');
  });
});
