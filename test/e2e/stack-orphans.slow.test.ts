import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

import { PROJECT_ROOT } from '../../dev/stack/paths';
import { eventually } from '../support/eventually';
import { isAlive, keepersOf, processTable } from '../support/processes';

const env = { PATH: process.env['PATH'], HOME: process.env['HOME'] };
const started: ChildProcess[] = [];
afterEach(() => started.splice(0).forEach((child) => child.kill('SIGKILL')));

function run(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, args, { cwd: PROJECT_ROOT, env, stdio: ['ignore', 'pipe', 'inherit'] });
  started.push(child);
  return child;
}

function holdStack(options: object): ChildProcess {
  return run('--import', 'tsx', 'test/support/stack-holder.ts', JSON.stringify(options));
}

async function firstMatch(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  if (!child.stdout) throw new Error('no output');
  for await (const line of createInterface(child.stdout)) {
    const match = pattern.exec(line);
    if (match) return match;
  }
  throw new Error(`it ended without printing ${String(pattern)}`);
}

async function nobodyLeft(pids: number[]): Promise<void> {
  await eventually(() => !pids.some(isAlive), { what: `the end of ${pids.join(', ')}`, timeoutMs: 8_000 });
}

describe('no server outlives the process that started it', () => {
  it('when that is killed with -9', async () => {
    const holder = holdStack({});
    const [json] = await firstMatch(holder, /^\{.*\}$/);
    const servers = Object.values(JSON.parse(json) as Record<string, number>);
    const keepers = keepersOf(holder.pid ?? 0).map((row) => row.pid);
    expect([servers.length, keepers.length]).toEqual([3, 3]);
    expect(servers.every(isAlive)).toBe(true);
    process.kill(holder.pid ?? 0, 'SIGKILL');
    await nobodyLeft([...servers, ...keepers]);
  }, 30_000);

  it('when that is killed with -9 while the server is still starting', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'tidemark-orphan-'));
    const mine = () => processTable().filter((row) => row.args.includes(folder) && row.args.includes('start-dev'));
    const holder = holdStack({ servers: ['temporal'], temporal: { dbFilename: path.join(folder, 'state.db') } });
    await eventually(() => mine().length > 0, { intervalMs: 10 });
    process.kill(holder.pid ?? 0, 'SIGKILL');
    await nobodyLeft(mine().map((row) => row.pid));
    expect(mine()).toEqual([]);
    rmSync(folder, { recursive: true });
  }, 30_000);

  it('when that is gone before the keeper has loaded', async () => {
    const keeper = path.join(PROJECT_ROOT, 'dev/stack/keeper.mjs');
    const server = `setInterval(() => {}, 1000, 'orphan of ${process.pid}')`;
    const child = spawn(process.execPath, [keeper, process.execPath, '-e', server], { stdio: ['ignore', 1, 2, 'ipc'] });
    started.push(child);
    child.disconnect();
    await once(child, 'exit');
    expect(processTable().filter((row) => row.args.includes(`orphan of ${process.pid}`))).toEqual([]);
  });

  it('when a keeper is killed with -9', async () => {
    const holder = holdStack({ servers: ['dynamodb'] });
    const [, pid] = await firstMatch(holder, /"dynamodb":(\d+)/);
    const [keeper] = keepersOf(holder.pid ?? 0);
    process.kill(keeper?.pid ?? 0, 'SIGKILL');
    await nobodyLeft([Number(pid)]);
  }, 30_000);

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'when `npm run stack` gets %s',
    async (signal) => {
      const command = run('dev/bootstrap.mjs', 'dev/stack/cli.ts', '--servers', 'dynamodb');
      const [, pid] = await firstMatch(command, /^ {2}dynamodb .*pid (\d+)\)$/);
      command.kill(signal);
      expect((await once(command, 'exit'))[0]).toBe(0);
      expect(isAlive(Number(pid))).toBe(false);
    },
    30_000,
  );
});
