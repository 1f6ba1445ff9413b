import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { keep, type KeptProcess } from '../../stack/kept-process';
import { closeLog, openLog, tailOf } from '../../stack/server-log';
import { waitUntil } from './wait';

const READY_TIMEOUT_MS = 60_000;
const PASSED_ON = /^(AWS|TEMPORAL)_/;

export interface ChildOptions {
  /** Name of its log. */
  readonly name: string;
  /** Program below `dev/prove`. */
  readonly program: string;
  readonly env: Readonly<Record<string, string>>;
  /** Options of Node itself. */
  readonly nodeArgs?: readonly string[];
  /** Logs are kept below it. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** A program of proof runs as a process of its own. It ends when this process ends, in whatever way. */
export async function startChild(options: ChildOptions): Promise<KeptProcess> {
  const { name, program, env, nodeArgs = [], folder, signal } = options;
  const log = openLog(folder, name);
  const args = [...nodeArgs, '--import', 'tsx', join(__dirname, '..', program)];
  const line = { command: process.execPath, args, env: { ...environment(), ...env } };
  const child = await keep(line, log).finally(() => closeLog(log));
  await waitUntil(() => readyLine(child) !== undefined || child.exitReason !== undefined, {
    timeoutMs: READY_TIMEOUT_MS,
    what: `${name} to be ready; its log is ${child.logFile}`,
    signal,
  });
  // It may have met its end at its very first work.
  if (readyLine(child) !== undefined) return child;
  throw new Error(`${name} ended early, ${child.exitReason}; its log ends with\n${tailOf(child.logFile)}`);
}

/** The rest of the line that begins with `ready`, once the child has printed it. */
export function readyLine({ logFile }: KeptProcess): string | undefined {
  return /^ready ?(.*)$/m.exec(readFileSync(logFile, 'utf8'))?.[1];
}

function environment(): Record<string, string> {
  const pairs = Object.entries(process.env).filter(([name]) => PASSED_ON.test(name));
  return Object.fromEntries(pairs) as Record<string, string>;
}
