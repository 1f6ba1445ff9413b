import { describeRecord, describeSlice, type RunFacts, type ShardFacts, type SliceFacts } from './oracle-facts';
import type { Violations } from './oracle-report';
import { createTimeline, type Timeline } from './oracle-timeline';

interface Context {
  readonly run: RunFacts;
  readonly shard: ShardFacts;
  /** When each position was first sent by a commit or a rewind. */
  readonly sentAt: ReadonlyMap<number, number>;
  /** Executions by the position after the last record that they handled. */
  readonly endedAt: ReadonlyMap<number, readonly SliceFacts[]>;
  readonly timeline: Timeline;
  readonly violations: Violations;
}

/** I4: every execution handles consecutive records, from the position that was committed last when it began. */
export function checkReplay(run: RunFacts, violations: Violations): void {
  for (const shard of run.shards.values()) {
    const indexes = { sentAt: indexMoves(shard), endedAt: indexEnds(shard), timeline: createTimeline(shard.writes) };
    const context = { run, shard, ...indexes, violations };
    for (const slice of shard.slices.values()) {
      if (slice.handlings.length === 0) continue;
      checkConsecutive(context, slice);
      checkStart(context, slice);
    }
  }
}

/** Claims only repeat a position, unless they brought a new generation. */
function indexMoves(shard: ShardFacts): Map<number, number> {
  const sentAt = new Map<number, number>();
  const lowest = shard.writes.reduce((generation, write) => Math.min(generation, write.generation), Infinity);
  for (const { isClaim, generation, toCount, sent } of shard.writes) {
    if (isClaim && generation === lowest) continue;
    sentAt.set(toCount, Math.min(sent, sentAt.get(toCount) ?? Infinity));
  }
  return sentAt;
}

function indexEnds(shard: ShardFacts): Map<number, SliceFacts[]> {
  const endedAt = new Map<number, SliceFacts[]>();
  for (const slice of shard.slices.values()) {
    const last = slice.handlings.at(-1);
    if (!last) continue;
    const count = last.record.index + 1;
    endedAt.set(count, [...(endedAt.get(count) ?? []), slice]);
  }
  return endedAt;
}

function checkConsecutive(context: Context, slice: SliceFacts): void {
  slice.handlings.forEach(({ record }, index) => {
    const before = slice.handlings[index - 1]?.record;
    if (!before || record.index === before.index + 1) return;
    const skipped = record.index - before.index - 1;
    const what = skipped > 0 ? `skipped ${skipped} record(s)` : 'went back';
    report(context, slice, `${what} between ${describeRecord(before)} and ${describeRecord(record)}`);
  });
}

function checkStart(context: Context, slice: SliceFacts): void {
  const first = slice.handlings[0];
  if (!first) return;
  const start = first.record.index;
  const began = `began at ${describeRecord(first.record)}`;
  const claim = slice.writes.find((write) => write.isClaim && write.done < first.time);
  const given = claim ?? slice.writes.find((write) => !write.isClaim && write.from.at !== 'SHARD_END');
  if (given && given.fromCount !== start) {
    const what = claim ? 'claimed' : 'committed first from';
    return report(
      context,
      slice,
      `${began}, but ${what} the position after ${given.fromCount} record(s), not ${start}`,
    );
  }
  if (start > 0 && !wasCommitted(context, slice, start, first.time)) {
    return report(context, slice, `${began}, but nothing was ever committed there before`);
  }
  if (!claim) checkLatest(context, slice, began);
}

/**
 * A worker killed between its commit and its journal leaves no trace of the commit. It then handled nothing after it:
 * the last record of an execution that was not refused afterwards may be such a position.
 */
function wasCommitted({ sentAt, endedAt }: Context, slice: SliceFacts, count: number, time: number): boolean {
  if ((sentAt.get(count) ?? Infinity) < time) return true;
  return (endedAt.get(count) ?? []).some((other) => {
    const last = other.handlings.at(-1)?.time ?? Infinity;
    return other !== slice && last < time && !other.refusals.some((refused) => refused > last);
  });
}

/**
 * Without a claim the execution was given the newest position when it began. A stopped worker may begin with an old one:
 * between its start and its first record it sleeps while others commit. (A claim's position is checked by I6.)
 */
function checkLatest({ run, timeline, shard, violations }: Context, slice: SliceFacts, began: string): void {
  const first = slice.handlings[0];
  if (!first) return;
  const latest = timeline.furthestBefore(first.time);
  if (!latest || latest.toCount <= first.record.index) return;
  const wasStopped = run.kills.some(
    (kill) => kill.worker === slice.worker && kill.signal === 'SIGSTOP' && kill.time < first.time,
  );
  if (wasStopped) return;
  const message = `${describeSlice(slice)} ${began}, but ${latest.toCount} record(s) of ${shard.shardId} were committed`;
  violations.add({ invariant: 'I4', shardId: shard.shardId, ids: [first.record.id], message });
}

function report({ shard, violations }: Context, slice: SliceFacts, what: string): void {
  const message = `${shard.shardId}: ${describeSlice(slice)} ${what}`;
  violations.add({ invariant: 'I4', shardId: shard.shardId, ids: [slice.worker, slice.name, what], message });
}
