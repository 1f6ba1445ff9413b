import { readFileSync } from 'node:fs';

/** Linux counts CPU time for programs in hundredths of a second, on every architecture. */
const TICK_MS = 10;
/** Fields of /proc/<pid>/stat after the command's closing parenthesis; see proc(5). */
const UTIME = 11;
const STIME = 12;

/** CPU time that a process has used so far, milliseconds; NaN where the system does not say (outside Linux). */
export function cpuMsOf(pid: number | undefined): number {
  if (pid === undefined) return Number.NaN;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[UTIME]) + Number(fields[STIME])) * TICK_MS;
  } catch {
    return Number.NaN;
  }
}

/** CPU time of several processes between two moments. */
export class CpuMeter {
  private before: Readonly<Record<string, number>> = {};

  constructor(private readonly pids: Readonly<Record<string, number | undefined>>) {
    this.restart();
  }

  restart(): void {
    this.before = this.now();
  }

  /** Milliseconds by name, since the last restart. */
  read(): Record<string, number> {
    return Object.fromEntries(
      Object.entries(this.now()).map(([name, cpuMs]) => [name, cpuMs - (this.before[name] ?? 0)]),
    );
  }

  private now(): Record<string, number> {
    return Object.fromEntries(Object.entries(this.pids).map(([name, pid]) => [name, cpuMsOf(pid)]));
  }
}
