import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

const MAIN = join(__dirname, '../../../src/cli/main.ts');
/** tsx is found from here wherever the process works. */
const TSX = require.resolve('tsx');

export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliProcess {
  readonly child: ChildProcess;
  readonly exited: Promise<CliResult>;
  stdout(): string;
  stderr(): string;
}

/** Runs `tidemark <args>` from the source, with no environment but the given one. */
export function spawnCli(args: readonly string[], env: NodeJS.ProcessEnv): CliProcess {
  return collect(spawn(process.execPath, ['--import', TSX, MAIN, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] }));
}

function collect(child: ChildProcess): CliProcess {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const exited = new Promise<CliResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { child, exited, stdout: () => stdout, stderr: () => stderr };
}
