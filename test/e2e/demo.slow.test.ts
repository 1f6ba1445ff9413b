import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';

import { PROJECT_ROOT } from '../../dev/stack/paths';
import { eventually } from '../support/eventually';
import { isAlive, processTable } from '../support/processes';
import { stackEnv } from '../support/stack-env';

const bare = { PATH: process.env['PATH'], HOME: process.env['HOME'] };
const started: ChildProcess[] = [];
afterEach(() => started.splice(0).forEach((child) => child.kill('SIGKILL')));

function demo(
  env: NodeJS.ProcessEnv,
  ...args: string[]
): ChildProcess & { stdout: NodeJS.ReadableStream; stderr: NodeJS.ReadableStream } {
  const argv = ['--import', 'tsx', 'dev/demo/main.ts', ...args];
  const child = spawn(process.execPath, argv, { cwd: PROJECT_ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(child);
  return child;
}

/** Everything that the demo has started, and what that has started. */
function descendantsOf(pid: number): number[] {
  const rows = processTable();
  const below = (parent: number): number[] =>
    rows.filter(({ parentPid }) => parentPid === parent).flatMap((row) => [row.pid, ...below(row.pid)]);
  return below(pid);
}

describe('the demo', () => {
  it('ends with every sum right, after a split, a merge and a kill -9', async () => {
    const child = demo({ ...bare, ...stackEnv().env }, '--json', '--records', '3000');
    const [out, story, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    expect({ code, story }).toEqual({ code: 0, story: expect.stringContaining('kill -9 of worker') });
    const result = JSON.parse(out.trimEnd().split('\n').at(-1) ?? '') as Record<string, number>;
    expect(result).toEqual({
      put: 3_000,
      handled: 3_000 + (result['duplicates'] ?? 0),
      duplicates: expect.any(Number),
      lost: 0,
      mismatches: 0,
      resumeMs: expect.any(Number),
      shardsBefore: 4,
      shardsAfter: 7,
    });
    // The killed batch repeats, and at most the batches that its worker had in flight on its other shards.
    expect(result['duplicates']).toBeLessThanOrEqual(7 * 500);
    expect(result['resumeMs']).toBeGreaterThan(0);
  }, 120_000);

  it('leaves nothing behind on Ctrl-C', async () => {
    const child = demo(bare);
    const lines = createInterface(child.stdout);
    await new Promise<void>((resolve) =>
      lines.on('line', (line) => line.includes('worker processes are up') && resolve()),
    );
    const below = descendantsOf(child.pid ?? 0);
    expect(below.length).toBeGreaterThanOrEqual(2 + 2 * 3);
    child.kill('SIGINT');
    const [code] = await once(child, 'exit');
    expect(code).toBe(130);
    await eventually(() => !below.some(isAlive), { what: 'the end of all that the demo started' });
  }, 60_000);

  it('says what is wrong with its options', async () => {
    const child = demo(bare, '--records', 'many');
    const [complaint, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    expect({ code, complaint }).toEqual({
      code: 2,
      complaint: expect.stringMatching(/^Expected --records to be .* got many\n/),
    });
  });
});
