import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const TIME_LIMIT_MS = 300_000;
const MAX_OUTPUT_BYTES = 32 * 1_024 * 1_024;

const execute = promisify(execFile);

export interface ToolOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly timeLimitMs?: number;
}

/** Runs a JavaScript program with this Node and returns its output. A failure carries what it printed. */
export async function runTool(
  script: string,
  args: readonly string[],
  cwd: string,
  options?: ToolOptions,
): Promise<string> {
  return runProgram(process.execPath, [script, ...args], cwd, options);
}

/** Runs a program and returns its standard output. A failure, or one that takes too long, carries what it printed. */
export async function runProgram(
  program: string,
  args: readonly string[],
  cwd: string,
  { env = process.env, timeLimitMs = TIME_LIMIT_MS }: ToolOptions = {},
): Promise<string> {
  try {
    const { stdout } = await execute(program, [...args], {
      cwd,
      env,
      timeout: timeLimitMs,
      maxBuffer: MAX_OUTPUT_BYTES,
      encoding: 'utf8',
    });
    return stdout;
  } catch (error) {
    const { stdout = '', stderr = '', killed, message } = error as ExecError;
    const why = killed ? `took longer than ${timeLimitMs} ms` : message.split('\n')[0];
    throw new Error(`${[program, ...args].join(' ')}: ${why}\n${stdout}${stderr}`, { cause: error });
  }
}

interface ExecError extends Error {
  readonly stdout?: string;
  readonly stderr?: string;
  readonly killed?: boolean;
}
