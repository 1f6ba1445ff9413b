import { defineConsumer, TidemarkClient, type MovePreview } from '../../../src';
import { confirm } from '../../../src/cli/confirm';
import { loadConsumers } from '../../../src/worker/load-consumer';
import { runInProcess as runAll } from '../../support/cli/run-in-process';

jest.mock('../../../src/worker/load-consumer');
jest.mock('../../../src/cli/confirm');

const SHARD = 'shardId-000000000003';
const consumer = defineConsumer({
  name: 'delays',
  stream: 'flights',
  startFrom: 'TRIM_HORIZON',
  handler: () => undefined,
});
const preview: MovePreview = {
  shardId: SHARD,
  kind: 'rewind',
  from: { at: 'AFTER', sequenceNumber: '17' },
  to: { at: 'FROM', sequenceNumber: '5' },
  nextArrivalMs: Date.now() - 3_600_000,
  records: 1_200,
  warnings: ['retention keeps less'],
};
const status = { phase: 'READING', position: preview.to, lastMove: { to: preview.to } };

/** What the command line asks of a client, which answers as given. */
function stubClient(previews: readonly MovePreview[] = [preview]): unknown[] {
  const calls: unknown[] = [];
  const noting =
    <T>(kind: string, answer: T) =>
    (_: unknown, ...args: unknown[]): Promise<T> => {
      calls.push([kind, ...(JSON.parse(JSON.stringify(args)) as unknown[])]);
      return Promise.resolve(answer);
    };
  const client = {
    pause: noting('pause', { shards: 3 }),
    resume: noting('resume', { shards: 1 }),
    previewMove: noting('preview', previews),
    history: noting('history', [{ id: 'e1', to: preview.to }]),
    move: noting('move', [{ shardId: SHARD, status }]),
    close: () => Promise.resolve(),
  };
  jest.spyOn(TidemarkClient, 'connect').mockResolvedValue(client as unknown as TidemarkClient);
  return calls;
}

const run = (...args: readonly string[]) => runAll(args);

beforeEach(() => jest.mocked(loadConsumers).mockResolvedValue([consumer]));
afterEach(() => {
  jest.restoreAllMocks();
  jest.mocked(confirm).mockReset();
});

describe('pause and resume', () => {
  it('say who, why and until when', async () => {
    const calls = stubClient();
    const paused = await run('pause', 'c.ts', '--reason', 'upgrade', '--by', 'ann', '--until', '2h');
    expect(paused).toMatchObject({ code: 0, out: 'Paused delays on stream flights: 3 shards\n' });
    expect(calls).toEqual([['pause', { by: 'ann', reason: 'upgrade', untilMs: expect.any(Number) as number }]]);
    const { untilMs } = (calls[0] as [string, { untilMs: number }])[1];
    expect(Math.abs(untilMs - Date.now() - 7_200_000)).toBeLessThan(60_000);
  });

  it('may concern one shard, and answer a machine', async () => {
    const calls = stubClient();
    const resumed = await run('resume', 'c.ts', '--shard', SHARD, '--by', 'ann', '--json');
    expect(JSON.parse(resumed.out)).toEqual({ consumer: 'delays', stream: 'flights', shards: 1 });
    expect(calls).toEqual([['resume', { by: 'ann', shardId: SHARD }]]);
  });

  it.each(['1h ago', '2020-01-01T00:00:00Z', 'soon', '0s'])('do not take %p for a time to come', async (until) => {
    expect(await run('pause', 'c.ts', '--until', until)).toMatchObject({
      code: 2,
      err: expect.stringContaining('Expected a time to come') as string,
    });
  });
});

describe('rewind', () => {
  const REWIND = ['rewind', 'c.ts', '--reason', 'a bug', '--by', 'ann'];

  it('shows from where to where, asks, and moves what was shown', async () => {
    const calls = stubClient();
    jest.mocked(confirm).mockResolvedValue(true);
    const { code, out, err } = await run(...REWIND, '--shard', SHARD, '--to', '5', '--timeout', '9');
    expect(err).toContain('AFTER 17');
    expect(err).toContain('FROM 5');
    expect(err).toContain('60 min old');
    expect(err).toContain('1,200 records');
    expect(err).toContain(`${SHARD}: retention keeps less`);
    expect(jest.mocked(confirm).mock.calls[0]?.[0]).toBe('Rewind 1 shard of delays on stream flights?');
    expect(out).toBe(`${SHARD} stands FROM 5 (READING)\n`);
    expect(code).toBe(0);
    expect(calls).toEqual([
      ['preview', { kind: 'rewind', to: { at: 'FROM', sequenceNumber: '5' }, shardId: SHARD, timeoutMs: 9_000 }],
      ['move', [JSON.parse(JSON.stringify(preview))], { by: 'ann', reason: 'a bug', timeoutMs: 9_000 }],
    ]);
  });

  it('goes back to where an entry of the history ended', async () => {
    const calls = stubClient();
    await run(...REWIND, '--to-entry', 'e1', '--shard', SHARD, '--dry-run');
    expect(calls).toEqual([
      ['history', { shardId: SHARD }],
      ['preview', { kind: 'rewind', to: preview.to, shardId: SHARD }],
    ]);
    expect(await run(...REWIND, '--to-entry', 'e2', '--shard', SHARD)).toMatchObject({
      code: 1,
      err: expect.stringContaining('has no entry e2') as string,
    });
  });

  it('moves nothing without a yes, nor in a dry run', async () => {
    const calls = stubClient();
    jest.mocked(confirm).mockResolvedValue(false);
    await run(...REWIND, '--to', 'TRIM_HORIZON');
    const dry = await run(...REWIND, '--to', '2h', '--dry-run', '--json');
    expect(JSON.parse(dry.out)).toMatchObject({ consumer: 'delays', previews: [{ shardId: SHARD }] });
    expect(calls.map((call) => (call as string[])[0])).toEqual(['preview', 'preview']);
  });

  it('moves none where one is refused, unless a part is enough', async () => {
    const refused = { ...preview, shardId: 'shardId-000000000000', refusal: 'The shard is finished' };
    const calls = stubClient([preview, refused]);
    expect(await run(...REWIND, '--to', '2h', '--yes')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/refused: The shard is finished[^]*MOVE_REFUSED[^]*--partial/) as string,
    });
    jest.mocked(confirm).mockResolvedValue(true);
    expect(await run(...REWIND, '--to', '2h', '--partial')).toMatchObject({ code: 0 });
    expect(calls.at(-1)).toMatchObject(['move', [{ shardId: SHARD }], {}]);
  });

  it.each([
    ['a sequence number without its shard', ['--to', '5'], 'name it with --shard'],
    ['something that is no place', ['--to', 'yesterday'], 'Expected a time such as'],
    ['an age beyond all time', ['--to', '999999999d'], 'Expected a time such as'],
    ['no place', [], 'say where to'],
    ['two places', ['--to', '2h', '--to-entry', 'e1'], 'say where to'],
  ])('is wrong usage with %s', async (_, more, message) => {
    stubClient();
    expect(await run(...REWIND, ...more)).toMatchObject({ code: 2, err: expect.stringContaining(message) as string });
  });
});

it('skip-ahead goes through the record that is named, or to a time', async () => {
  const calls = stubClient();
  jest.mocked(confirm).mockResolvedValue(true);
  const SKIP = ['skip-ahead', 'c.ts', '--reason', 'stale', '--by', 'ann'];
  await run(...SKIP, '--through', '5', '--shard', SHARD);
  await run(...SKIP, '--through', '2026-01-01T00:00:00Z');
  expect(calls.filter((call) => (call as string[])[0] === 'preview')).toEqual([
    ['preview', { kind: 'skip', to: { at: 'AFTER', sequenceNumber: '5' }, shardId: SHARD }],
    ['preview', { kind: 'skip', to: { at: 'AT_TIMESTAMP', timestampMs: Date.parse('2026-01-01') } }],
  ]);
});

it('undo asks for no place', async () => {
  const calls = stubClient();
  jest.mocked(confirm).mockResolvedValue(true);
  await run('undo', 'c.ts', '--by', 'ann', '--yes');
  expect(calls).toMatchObject([
    ['preview', { kind: 'undo' }],
    ['move', [{ shardId: SHARD }], { by: 'ann', reason: 'undo' }],
  ]);
});
