import { getHeapStatistics, setFlagsFromString } from 'node:v8';

/**
 * How V8 sizes memory in a process that works (decision 29). By itself it lets old memory grow to four times what is alive before it looks for
 * garbage, which a process with a thousand shards fills within half a minute; and it doubles young memory step by step, so that the first
 * pages of a backlog land in old memory.
 */
export const HEAP_FLAGS = ['--heap-growing-percent=50', '--semi-space-growth-factor=16'] as const;

/** Below, V8 lets a heap grow by less than that by itself. */
const LARGE_HEAP_BYTES = 1_024 * 1_024 * 1_024;

/** For this whole process, from now on. A flag that Node was started with stands. */
export function boundHeapGrowth(startedWith: readonly string[] = process.execArgv): void {
  const given = new Set(startedWith.map(nameOf));
  const [oldMemory, youngMemory] = HEAP_FLAGS;
  const isLarge = getHeapStatistics().heap_size_limit >= LARGE_HEAP_BYTES;
  for (const flag of isLarge ? [oldMemory, youngMemory] : [youngMemory])
    if (!given.has(nameOf(flag))) setFlagsFromString(flag);
}

/** V8 takes underscores for hyphens. */
function nameOf(flag: string): string {
  return (flag.split('=', 1)[0] ?? '').replaceAll('_', '-');
}
