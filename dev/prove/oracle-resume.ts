import type { KillFacts, RunFacts, ShardFacts } from './oracle-facts';

const NANOSECONDS_PER_MILLISECOND = 1e6;

interface Touch {
  readonly worker: string;
  readonly slice: string;
  readonly time: number;
}

/**
 * For each fault and each shard its worker was busy with: how long until another worker was seen on that shard, or the same
 * one with another execution if it was only frozen.
 */
export function resumeTimesMs(run: RunFacts): number[] {
  const times: number[] = [];
  for (const shard of run.shards.values()) {
    const touches = touchesOf(shard);
    for (const kill of run.kills) {
      const before = touches.findLast((touch) => touch.time <= kill.time);
      if (before?.worker !== kill.worker) continue;
      const resumed = touches.find((touch) => touch.time > kill.time && isResumption(kill, before, touch));
      if (resumed) times.push((resumed.time - kill.time) / NANOSECONDS_PER_MILLISECOND);
    }
  }
  return times.sort((a, b) => a - b);
}

function isResumption({ worker, signal }: KillFacts, before: Touch, { worker: other, slice }: Touch): boolean {
  return other !== worker || (signal === 'SIGSTOP' && slice !== before.slice);
}

function touchesOf(shard: ShardFacts): Touch[] {
  const touches: Touch[] = [];
  for (const { worker, name: slice, handlings, writes } of shard.slices.values()) {
    for (const { time } of handlings) touches.push({ worker, slice, time });
    for (const { done } of writes) touches.push({ worker, slice, time: done });
  }
  return touches.sort((a, b) => a.time - b.time);
}
