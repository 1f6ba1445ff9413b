/** Steps at which a test may have this process die by itself, as `kill -9` would. */
export type CrashPoint = 'fetched' | 'handling' | 'handled' | 'committed' | 'reporting' | 'shardEndCommitted';

/** Read once: looking into the environment costs more than the rest of a step. */
const { TIDEMARK_CRASH_POINT: chosen, TIDEMARK_CRASH_AFTER: after = 1 } = process.env;
let passes = 0;

/**
 * Kills this process at the `TIDEMARK_CRASH_AFTER`-th pass (default: first) of the step that `TIDEMARK_CRASH_POINT` names.
 * Does nothing unless that variable is set. For crash tests only.
 */
export function crashPoint(point: CrashPoint): void {
  if (chosen !== point) return;
  passes += 1;
  if (passes >= Number(after)) process.kill(process.pid, 'SIGKILL');
}
