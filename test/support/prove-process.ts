import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { stackEnv } from './stack-env';

const MAIN = join(__dirname, '../../dev/prove/main.ts');

export interface ProofOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `npm run prove -- <proof> --json` on the servers of this test run. */
export function runProof(proof: string, args: readonly string[], timeoutMs: number): Promise<ProofOutcome> {
  const env = { ...process.env, ...stackEnv().env };
  const line = ['--import', 'tsx', MAIN, proof, '--json', ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, line, { env, timeout: timeoutMs }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr });
    });
  });
}

/** The result, from the last line. */
export function resultOf({ stdout }: ProofOutcome): unknown {
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
}
