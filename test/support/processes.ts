import { execFileSync } from 'node:child_process';

export interface ProcessRow {
  readonly pid: number;
  readonly parentPid: number;
  readonly args: string;
}

/** Every process of this machine. */
export function processTable(): ProcessRow[] {
  const text = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 });
  return text.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line);
    return match ? [{ pid: Number(match[1]), parentPid: Number(match[2]), args: match[3] ?? '' }] : [];
  });
}

/** Whether the process exists. A zombie does not count: its parent is only late in noticing. */
export function isAlive(pid: number): boolean {
  return processTable().some((row) => row.pid === pid && !row.args.includes('<defunct>'));
}

/** The keepers that a process has started, and below them its servers. */
export function keepersOf(pid: number): ProcessRow[] {
  return processTable().filter((row) => row.parentPid === pid && row.args.includes('keeper.mjs'));
}
