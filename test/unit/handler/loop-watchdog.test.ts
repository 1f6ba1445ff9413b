import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../support/eventually';

interface Scene {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<{ signal: string | null; code: number | null }>;
  readonly out: () => string;
  readonly err: () => string;
}

function start(scene: string, ...nodeArguments: string[]): Scene {
  const file = join(__dirname, 'fixtures/watched-loop.ts');
  const child = spawn(process.execPath, [...nodeArguments, '--import', require.resolve('tsx'), file, scene]);
  const text = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (text.out += String(chunk)));
  child.stderr.on('data', (chunk: Buffer) => (text.err += String(chunk)));
  const closed = once(child, 'close') as Promise<[number | null, string | null]>;
  const ended = closed.then(([code, signal]) => ({ code, signal }));
  return { child, ended, out: () => text.out, err: () => text.err };
}

it.concurrent('kills a process whose event loop is blocked for too long, and says what blocks it', async () => {
  const { child, ended, err } = start('blocked for ever');
  expect(await ended).toEqual({ code: null, signal: 'SIGKILL' });
  const pattern = `^tidemark: process ${child.pid} is killed: its event loop has been blocked for \\d+\\.\\d s in theHandlerThatNeverEnds \\(.*watched-loop\\.ts:\\d+\\) < `;
  expect(err()).toMatch(new RegExp(pattern));
  expect(err()).toContain("A handler that must block needs isolation: 'thread'.");
  expect(err().trim()).not.toContain('\n');
});

it.concurrent.each(['busy, but it turns', 'stopped'])(
  'spares a process that is %s, and does not keep it',
  async (scene) => {
    const { ended, out, err } = start(scene);
    expect(await ended).toEqual({ code: 0, signal: null });
    expect([out(), err()]).toEqual(['alive\n', '']);
  },
);

it.concurrent('spares a process that was frozen: it could not have beaten', async () => {
  const { child, ended, out, err } = start('frozen from outside');
  await eventually(() => out().includes('watched'), { timeoutMs: 60_000 });
  child.kill('SIGSTOP');
  await sleep(4_000);
  child.kill('SIGCONT');
  child.stdin.write('go on\n');
  expect(await ended).toEqual({ code: 0, signal: null });
  expect([out(), err()]).toEqual(['watched\nalive\n', '']);
});

it.concurrent('spares a process that is debugged: it stands still at a breakpoint', async () => {
  const { ended, out } = start('debugged', '--inspect=127.0.0.1:0');
  expect(await ended).toEqual({ code: 0, signal: null });
  expect(out()).toBe('alive\n');
});

it.concurrent('may only be told', async () => {
  const { ended, out } = start('told, not killed');
  expect(await ended).toEqual({ code: 0, signal: null });
  expect(out()).toBe('told\nalive\n');
});
