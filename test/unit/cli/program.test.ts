import { TidemarkError } from '../../../src';
import { failureText } from '../../../src/cli/failure-text';
import { createProgram, runCli } from '../../../src/cli/program';
import { version } from '../../../package.json';

async function run(args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const streams = [process.stdout, process.stderr].map((stream) => {
    let text = '';
    const write = jest.spyOn(stream, 'write').mockImplementation((chunk) => {
      text += String(chunk);
      return true;
    });
    return { text: () => text, end: () => write.mockRestore() };
  });
  const code = await runCli(args);
  for (const { end } of streams) end();
  const [out = '', err = ''] = streams.map(({ text }) => text());
  return { code, out, err };
}

const KEEPING = ['export', 'import', 'repair', 'doctor'];
const STEERING = [
  'run',
  'worker',
  'start',
  'status',
  'stop',
  'pause',
  'resume',
  'rewind',
  'skip-ahead',
  'undo',
  'restore-point',
  'restore',
  'history',
  'audit',
  'retry',
  'skip',
];

describe('usage', () => {
  it.each([
    [[], 'Usage: tidemark'],
    [['fly'], "error: unknown command 'fly'"],
    [['run'], "error: missing required argument 'file'"],
    [['run', 'a.ts', 'b.ts'], 'error: too many arguments'],
    [['run', 'a.ts', '--fast'], "error: unknown option '--fast'"],
    [['worker', 'a.ts', '--max-shards', '0'], 'Expected a whole number of at least 1.'],
    [['worker', 'a.ts', '--processes', '0'], 'Expected auto, or a whole number from 1 to 256.'],
    [['worker', 'a.ts', '--log-level', 'loud'], 'Allowed choices are trace, debug, info, warn, error.'],
    [['worker', 'a.ts', '--metrics-otlp', 'collector'], 'Expected an address that begins with http:// or https://.'],
    [
      ['run', 'a.ts', '--metrics', '--metrics-otlp', 'http://c:4317'],
      "'--metrics-otlp <url>' cannot be used with option",
    ],
    [['stop'], 'error: name a consumer file, or both --consumer and --stream'],
    [['stop', '--consumer', 'c'], 'error: name a consumer file, or both --consumer and --stream'],
    [['stop', 'a.ts', '--consumer', 'c', '--stream', 's'], 'not both'],
    [['stop', 'a.ts', '--timeout', '1.5'], 'Expected a whole number of at least 1.'],
    [['dead-letters', 'list'], 'error: name a consumer file, or both --consumer and --stream'],
    [['dead-letters', 'list', 'a.ts', '--stream', 's'], 'not both'],
    [['dead-letters', 'list', 'a.ts', '--code', 'OOPS'], 'No such error code'],
    [['dead-letters', 'list', 'a.ts', '--from', 'yesterday'], 'Expected a time such as 2026-01-31T12:00:00Z'],
    [
      ['dead-letters', 'list', 'a.ts', '--status', 'lost'],
      'Allowed choices are open, parked, redriven, discarded, all.',
    ],
    [['dead-letters', 'show', 'a.ts', '12x'], 'Expected a sequence number: digits only.'],
    [['dead-letters', 'show', 'a.ts', '1', '--raw', '--json'], 'error: --raw or --json, not both'],
    [['dead-letters', 'redrive'], "error: missing required argument 'file'"],
    [['replay', 'start', 'a.ts'], "error: required option '--from <place>' not specified"],
    [['replay', 'start', 'a.ts', '--from', '5'], 'error: a sequence number is of one shard: name it with --shard'],
    [['replay', 'start', 'a.ts', '--from', '2h', '--to', 'soon'], 'Expected a time such as 2026-01-31T12:00:00Z'],
    [
      ['replay', 'start', 'a.ts', '--from', '2h', '--work', '--detach'],
      'error: --work and --detach exclude each other',
    ],
    [['replay', 'status', 'a.ts'], "error: missing required argument 'id'"],
    [['retry'], "error: missing required argument 'file'"],
    [['skip', 'a.ts', '--reason', 'x'], "error: required option '--shard <id>' not specified"],
    [['skip', 'a.ts', '--shard', 'x'], "error: required option '--reason <text>' not specified"],
    [['export'], "error: missing required argument 'file'"],
    [['import', 'a.ts'], 'error: name either a file with --input, or a lease table'],
    [['import', 'a.ts', '--input', 'b', '--start-at', '2h'], 'error: --start-at goes with --from-kcl'],
    [['repair'], "error: missing required argument 'file'"],
    [['table', 'create', '--endpoint', 'localhost'], 'Expected an address that begins with http:// or https://.'],
  ])('that is wrong ends with 2 and one message: %j', async (args, message) => {
    const { code, out, err } = await run(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
    expect(err.match(/error: /g)?.length ?? 0).toBeLessThanOrEqual(1);
    expect(err).not.toMatch(/^\s+at /m);
  });

  it('is explained with examples for every command', async () => {
    const names = createProgram().commands.map((command) => command.name());
    expect(names).toEqual([...STEERING, 'dead-letters', 'replay', 'table', ...KEEPING]);
    const points = ['create', 'list', 'delete'].map((name) => ['restore-point', name]);
    const single = [
      ...STEERING.filter((name) => name !== 'restore-point').map((name) => [name]),
      ...KEEPING.map((name) => [name]),
      ...points,
    ];
    const letters = ['list', 'show', 'redrive', 'discard'].map((name) => ['dead-letters', name]);
    const tables = ['create', 'check', 'protect'].map((name) => ['table', name]);
    const replays = ['start', 'follow', 'status', 'list', 'cancel'].map((name) => ['replay', name]);
    for (const args of [...single, ...tables, ...letters, ...replays]) {
      const { code, out } = await run([...args, '--help']);
      expect(code).toBe(0);
      expect(out).toContain(`$ npx tidemark ${args.join(' ')}`);
      expect(out).toContain('--debug');
    }
    expect(await run(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' });
  });
});

describe('an error', () => {
  it('of Tidemark shows its code, what happened and what to do', () => {
    const error = new TidemarkError('STREAM_NOT_FOUND', 'No stream', { context: { stream: 's' } });
    expect(failureText(error, false)).toBe(
      'Error STREAM_NOT_FOUND: No stream [stream=s]. Create the stream, or correct `stream`, the region and the account.',
    );
  });

  it('of any other kind is one line that points to --debug', () => {
    expect(failureText(new Error('boom\nsecond line'), false)).toBe(
      'Unexpected error: boom; run with --debug to see where',
    );
    expect(failureText('boom', false)).toBe('Unexpected error: boom; run with --debug to see where');
  });

  it('shows its stack and those of its causes with --debug', () => {
    const text = failureText(new TidemarkError('INTERNAL', 'broken', { cause: new Error('inner') }), true);
    expect(text).toMatch(/^Error INTERNAL: broken[^]*\n\s+at [^]*\ncaused by Error: inner\n\s+at /);
  });
});
