/** Steps at which a test may have this process die by itself, as `kill -9` would. */
export type CrashPoint = 'fetched' | 'handling' | 'handled' | 'committed' | 'reporting' | 'shardEndCommitted';

let passes = 0;

/**
 * Kills this process at the `TIDEMARK_CRASH_AFTER`-th pass (default: first) of the step that `TIDEMARK_CRASH_POINT` names.
 * Does nothing unless that variable is set. For crash tests only.
 */
export function crashPoint(point: CrashPoint): void {
  if (process.env.TIDEMARK_CRASH_POINT !== point) return;
  passes += 1;
  if (passes >= Number(process.env.TIDEMARK_CRASH_AFTER ?? 1)) process.kill(process.pid, 'SIGKILL');
}
