import { noteOfProgress, renderFinished, renderList, renderPlan, renderStatus } from '../../../src/cli/replay-text';
import type { ReplayPreview } from '../../../src/client/replay-preview';
import type { ReplayFailure, ReplayStatus } from '../../../src/core/replay';

const range = { from: { at: 'TRIM_HORIZON' }, to: { at: 'AT_TIMESTAMP', timestampMs: 0 } } as const;
const where = 'delays on stream flights';

const preview: ReplayPreview = {
  stream: { consumer: 'delays', streamName: 'flights', streamArn: 'arn', createdAtMs: 1 },
  range,
  span: { fromMs: 0, toMs: 1 },
  shards: Array.from({ length: 12 }, (_, index) => ({ shardId: `s${index}`, isClosed: index < 3 })),
  records: 12_345,
};

const failures: ReplayFailure[] = Array.from({ length: 25 }, (_, index) => {
  return { shardId: 's1', sequenceNumber: `4${index}`, code: 'HANDLER_FAILED', message: 'Error', attempts: 5 };
});
const counts = { records: 2_000, filtered: 3, failed: 30, failedByCode: { HANDLER_FAILED: 30 }, failures, shards: 12 };

const status: ReplayStatus = {
  ...counts,
  id: 'r1',
  done: false,
  dryRun: false,
  range,
  by: 'jane',
  reason: 'bug',
  startedAtMs: 0,
  isPlanned: true,
  shardsDone: 4,
  shardsRunning: 8,
  percent: 41.5,
  recordsPerSecond: 1_234.4,
  leftMs: 180_000,
  lastError: { code: 'STREAM_DELETED', message: 'gone', atMs: 0 },
};

it('a plan says what will be read, by whom, and what is written', () => {
  const plan = renderPlan(preview, { where, dryRun: false, isWorked: false });
  expect(plan).toContain('TRIM_HORIZON to 1970-01-01T00:00:00.000Z');
  expect(plan).toContain('12, 3 of them closed: s0, s1');
  expect(plan).toContain('s9 and 2 more');
  expect(plan).toContain('about 12,345');
  expect(plan).toContain('run by the workers of the consumer');
  expect(plan).toContain('the same idempotency keys; no checkpoint, no dead letters');
  const { records: _records, ...unknown } = preview;
  const dry = renderPlan({ ...unknown, missing: 'half of it' }, { where, dryRun: true, isWorked: true });
  expect(dry).toContain('dry run beside the live consumer');
  expect(dry).toContain('not known');
  expect(dry).toContain('run by this process');
  expect(dry).toContain('must heed context.dryRun');
  expect(dry).toContain('Missing  half of it');
});

it('progress is told with pace, time left and failures', () => {
  expect(noteOfProgress(status)).toBe('2,000 records, 1,234/s, about 3 min left, 4 of 12 shards done, 30 failed');
  const { leftMs: _leftMs, ...still } = status;
  expect(noteOfProgress({ ...still, failed: 0 })).toBe('2,000 records, 1,234/s, 4 of 12 shards done');
  const text = renderStatus(where, status);
  expect(text).toContain('replay r1, 41.5 %');
  expect(text).toContain('by jane at 1970-01-01T00:00:00.000Z: bug');
  expect(text).toContain('STREAM_DELETED: gone');
});

it('the end tells what failed, some of it by sequence number, and why it came', () => {
  const text = renderFinished(where, { ...counts, end: 'tooManyFailures' });
  expect(text).toContain(
    `${where}: 1,967 handled, 3 filtered, 30 failed (HANDLER_FAILED 30); 12 shards. It ended early`,
  );
  expect(text).toContain('  s1 419 HANDLER_FAILED: Error\n  and 10 more');
  const clean = { ...counts, failed: 0, failures: [], failedByCode: {}, filtered: 0 };
  expect(renderFinished(where, { ...clean, end: 'done' })).toBe(`${where}: 2,000 handled, 0 failed; 12 shards.`);
  const loss = { fromMs: 0, toMs: 0, cause: 'retention' } as const;
  expect(renderFinished(where, { ...clean, loss, end: 'cancelled' })).toMatch(/Retention took .* It was cancelled\.$/);
});

it('a list has a line for each', () => {
  expect(renderList([])).toBe('No replays.');
  const one = { id: 'r1', state: 'RUNNING', startedAt: new Date(0), what: 'dry run of x', by: 'jane' };
  expect(renderList([one, { ...one, what: undefined, by: undefined }])).toBe(
    '1970-01-01T00:00:00.000Z  r1  RUNNING  dry run of x  by jane\n1970-01-01T00:00:00.000Z  r1  RUNNING',
  );
});
