import {
  describeRecord,
  describeSlice,
  type RecordFacts,
  type RunFacts,
  type ShardFacts,
  type SliceFacts,
} from './oracle-facts';
import type { Violations } from './oracle-report';

/** I5: a record is handled at most once more for each fault of its shard and each rewind; one batch is in flight at most. */
export function checkDuplicates(run: RunFacts, maxBatchRecords: number | undefined, violations: Violations): void {
  for (const shard of run.shards.values()) {
    checkBound(run, shard, violations);
    if (maxBatchRecords === undefined) continue;
    for (const slice of shard.slices.values()) checkInFlight(shard, slice, maxBatchRecords, violations);
  }
}

function checkBound(run: RunFacts, shard: ShardFacts, violations: Violations): void {
  const touches = lastTouches(shard);
  const rewinds = Math.max(0, new Set(shard.writes.map((write) => write.generation)).size - 1);
  for (const record of shard.records) {
    if (record.handlings < 2) continue;
    const faults = countFaults(run, touches, record);
    if (record.handlings <= 1 + faults + rewinds) continue;
    const message = `${describeRecord(record)} was handled ${record.handlings} times with ${faults} fault(s) and ${rewinds} rewind(s)`;
    violations.add({ invariant: 'I5', shardId: shard.shardId, key: record.key, ids: [record.id], message });
  }
}

/** Faults that can explain a repeat: of workers seen on the shard, not over before the first handling, not after the last. */
function countFaults(run: RunFacts, touches: ReadonlyMap<string, number>, record: RecordFacts): number {
  const explains = ({ worker, time }: { worker: string; time: number }): boolean => {
    const lastSeen = touches.get(worker);
    return lastSeen !== undefined && time < record.lastHandled && Math.max(time, lastSeen) >= record.firstHandled;
  };
  return run.kills.filter(explains).length;
}

/** When each worker was last seen at work on the shard. */
function lastTouches(shard: ShardFacts): Map<string, number> {
  const touches = new Map<string, number>();
  for (const { worker, handlings, writes, refusals } of shard.slices.values()) {
    const last = Math.max(
      touches.get(worker) ?? -Infinity,
      handlings.at(-1)?.time ?? -Infinity,
      writes.at(-1)?.done ?? -Infinity,
      refusals.at(-1) ?? -Infinity,
    );
    touches.set(worker, last);
  }
  return touches;
}

function checkInFlight(shard: ShardFacts, slice: SliceFacts, maxBatchRecords: number, violations: Violations): void {
  const commits = slice.writes.filter((write) => !write.isClaim);
  let next = 0;
  let inFlight = 0;
  for (const { time } of slice.handlings) {
    for (; (commits[next]?.done ?? Infinity) < time; next++) inFlight = 0;
    inFlight += 1;
    if (inFlight <= maxBatchRecords) continue;
    const message = `${describeSlice(slice)} handled more than ${maxBatchRecords} records of ${shard.shardId} without a commit`;
    return violations.add({ invariant: 'I5', shardId: shard.shardId, ids: [slice.worker, slice.name], message });
  }
}
