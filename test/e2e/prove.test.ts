import { execFile } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { stackEnv } from '../support/stack-env';

const MAIN = join(__dirname, '../../dev/prove/main.ts');
const TIMEOUT_MS = 120_000;

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `npm run prove -- crash --json` on the servers of this test run. */
function prove(args: readonly string[]): Promise<Outcome> {
  const env = { ...process.env, ...stackEnv().env };
  const line = ['--import', 'tsx', MAIN, 'crash', '--json', ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, line, { env, timeout: TIMEOUT_MS }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr });
    });
  });
}

function lastLine(text: string): unknown {
  return JSON.parse(text.trimEnd().split('\n').at(-1) ?? '');
}

describe('npm run prove -- crash', () => {
  it(
    'loses, repeats and reorders nothing under kills and a reshard',
    async () => {
      const load = ['--records', '400', '--shards', '2', '--kills', '2', '--reshards', '1', '--step-ms', '4000'];
      const { code, stdout, stderr } = await prove([...load, '--workers', '2', '--seed', '3']);
      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining('journals and logs: ') });
      expect(lastLine(stdout)).toEqual({
        records: 400,
        handled: 400,
        lost: 0,
        orderInversions: 0,
        duplicates: expect.any(Number),
        duplicatesPerKill: expect.any(Number),
        kills: 2,
        commitsRefused: expect.any(Number),
        resumeMsP50: expect.any(Number),
        resumeMsP99: expect.any(Number),
        seed: 3,
      });
    },
    TIMEOUT_MS,
  );

  it(
    'finds a planted bug: a handler that forgets a record',
    async () => {
      const load = ['--records', '200', '--shards', '1', '--kills', '0', '--reshards', '0', '--step-ms', '3000'];
      const { code, stdout, stderr } = await prove([...load, '--workers', '2', '--bug', 'skipRecord']);
      expect(code).toBe(1);
      expect(stdout).toMatch(/^VIOLATIONS/m);
      expect(stdout).toMatch(/^ +I1 +record r\d+ .* was never handled$/m);
      // What was found can be looked at.
      const folder = /^journals and logs: (.+)$/m.exec(stderr)?.[1] ?? '';
      expect(readdirSync(folder)).toEqual(expect.arrayContaining(['logs', 'runner.jsonl', 'w1.jsonl', 'w2.jsonl']));
      rmSync(folder, { recursive: true });
    },
    TIMEOUT_MS,
  );
});
