import type { WriteFacts } from './oracle-facts';

/** Answers how far the checkpoint of a shard is known to have been at a given time. */
export interface Timeline {
  /** The furthest write (by generation, then position) that had succeeded before `time`. */
  furthestBefore(time: number): WriteFacts | undefined;
}

export function createTimeline(writes: readonly WriteFacts[]): Timeline {
  const ordered = [...writes].sort((a, b) => a.done - b.done);
  const furthest: WriteFacts[] = [];
  for (const write of ordered) {
    const last = furthest.at(-1);
    furthest.push(last && isFurther(last, write) ? last : write);
  }
  return { furthestBefore: (time) => furthest[countBefore(ordered, time) - 1] };
}

function isFurther(a: WriteFacts, b: WriteFacts): boolean {
  return a.generation === b.generation ? a.toCount > b.toCount : a.generation > b.generation;
}

function countBefore(ordered: readonly WriteFacts[], time: number): number {
  let low = 0;
  let high = ordered.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ordered[middle] as WriteFacts).done < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
