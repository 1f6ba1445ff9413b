import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';

const TAIL_LINES = 15;
const KEPT_LOGS = 60;
const LINE_LIMIT = 400;

export interface ServerLog {
  readonly file: string;
  readonly descriptor: number;
}

let serial = 0;

/** Opens a new log below the cache. The file name starts with a time, so that names sort by age. */
export function openLog(cacheDir: string, server: string): ServerLog {
  const directory = path.join(cacheDir, 'logs');
  mkdirSync(directory, { recursive: true });
  pruneLogs(directory);
  const time = new Date().toISOString().replaceAll(/[:.]/g, '-');
  const file = path.join(directory, `${time}-${process.pid}-${++serial}-${server}.log`);
  return { file, descriptor: openSync(file, 'a') };
}

/** The server has its own copy of the descriptor. */
export function closeLog(log: ServerLog): void {
  closeSync(log.descriptor);
}

/** The last lines of a log, indented, for an error message. */
export function tailOf(file: string): string {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n').slice(-TAIL_LINES);
  return lines.map((line) => `    ${line.slice(0, LINE_LIMIT)}`).join('\n');
}

function pruneLogs(directory: string): void {
  const logs = readdirSync(directory).filter((name) => name.endsWith('.log'));
  for (const name of logs.sort().slice(0, -KEPT_LOGS)) rmSync(path.join(directory, name), { force: true });
}
