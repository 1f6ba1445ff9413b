import type { Slot } from './slot';
import type { Ending } from './worker-process';

/** `Process 2 (pid 4711) was killed by SIGKILL after 35 s of work.` */
export function describeEnding(
  { number, process, state, forMs }: Pick<Slot, 'number' | 'process' | 'state' | 'forMs'>,
  { code, signal }: Ending,
): string {
  const who = process?.pid === undefined ? `Process ${number}` : `Process ${number} (pid ${process.pid})`;
  const how = signal === null ? `ended${code === null ? '' : ` with exit code ${code}`}` : `was killed by ${signal}`;
  const when = state === 'working' ? `after ${Math.round(forMs / 1_000)} s of work` : 'before it was ready';
  return `${who} ${how} ${when}.`;
}

export function describePause(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
