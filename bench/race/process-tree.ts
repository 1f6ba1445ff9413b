import { readdirSync, readFileSync } from 'node:fs';
import { cpuMsOf } from '../measure/process-cpu';

const KB_PER_MB = 1_024;

/** CPU time and memory of a process and all its descendants, from /proc: outside Linux there are none. */
export class ProcessTree {
  /** Of those that have ended, too: their last reading. */
  private readonly cpuByPid = new Map<number, number>();

  constructor(private readonly root: number) {}

  /** User and system time of every process of the tree since each one's start, milliseconds. */
  cpuMs(): number {
    for (const pid of this.pids()) {
      const cpuMs = cpuMsOf(pid);
      if (Number.isFinite(cpuMs)) this.cpuByPid.set(pid, cpuMs);
    }
    return [...this.cpuByPid.values()].reduce((sum, cpuMs) => sum + cpuMs, 0);
  }

  /** The largest resident memory of each process so far, added up. */
  peakRssMb(): number {
    return this.pids().reduce((sum, pid) => sum + peakRssMbOf(pid), 0);
  }

  pids(): number[] {
    const children = childrenByParent();
    const found: number[] = [];
    const waiting = [this.root];
    for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
      found.push(pid);
      waiting.push(...(children.get(pid) ?? []));
    }
    return found;
  }
}

function childrenByParent(): Map<number, number[]> {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const parent = parentOf(pid);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  return children;
}

function parentOf(pid: number): number {
  const stat = readProc(pid, 'stat');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

function peakRssMbOf(pid: number): number {
  const found = /VmHWM:\s+(\d+) kB/.exec(readProc(pid, 'status'));
  return Number(found?.[1] ?? 0) / KB_PER_MB;
}

/** Empty for a process that has ended meanwhile. */
function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
