import { describePosition, type Position } from '../../src/core/positions';
import {
  describeRecord,
  describeSlice,
  type RunFacts,
  type ShardFacts,
  type SliceFacts,
  type WriteFacts,
} from './oracle-facts';
import type { InvariantId, Violations } from './oracle-report';
import { createTimeline } from './oracle-timeline';

type Add = (invariant: InvariantId, writes: readonly WriteFacts[], message: string) => void;

/** I2 (per execution), I6 and I7: the checkpoint moves forward, by one writer, over what that writer handled. */
export function checkCommits(run: RunFacts, violations: Violations): void {
  for (const shard of run.shards.values()) {
    const add: Add = (invariant, writes, message) => {
      const ids = writes.map((write) => write.token);
      violations.add({ invariant, shardId: shard.shardId, ids, message: `${shard.shardId}: ${message}` });
    };
    checkForward(shard, add);
    checkRealTime(shard, add);
    checkChain(shard, add);
    checkOneCommitter(shard, add);
    for (const slice of shard.slices.values()) {
      checkOwnEffects(shard, slice, violations);
      checkFenced(shard, slice, violations);
    }
  }
}

function checkForward(shard: ShardFacts, add: Add): void {
  for (const write of shard.writes) {
    if (write.toCount >= write.fromCount) continue;
    add('I6', [write], `${nameOf(write)} went back from ${short(write.from)} to ${short(write.to)}`);
  }
}

/** A write sent after another one had succeeded starts at that one's position or beyond. */
function checkRealTime(shard: ShardFacts, add: Add): void {
  const timeline = createTimeline(shard.writes);
  for (const write of shard.writes) {
    const before = timeline.furthestBefore(write.sent);
    if (!before || before.generation < write.generation) continue;
    if (before.generation === write.generation && before.toCount <= write.fromCount) continue;
    add(
      'I6',
      [write],
      `${nameOf(write)} starts at ${short(write.from)}, but ${nameOf(before)} had reached ${short(before.to)}`,
    );
  }
}

/** The write that follows a token starts exactly where the write of that token ended, unless it is a rewind. */
function checkChain(shard: ShardFacts, add: Add): void {
  const byToken = new Map(shard.writes.map((write) => [write.token, write]));
  for (const write of shard.writes) {
    const before = write.previousToken === null ? undefined : byToken.get(write.previousToken);
    if (!before || before.generation < write.generation) continue;
    if (before.generation === write.generation && before.toCount === write.fromCount) continue;
    add('I6', [write], `${nameOf(write)} starts at ${short(write.from)}, but its token stood for ${short(before.to)}`);
  }
}

function checkOneCommitter(shard: ShardFacts, add: Add): void {
  const twice = (what: string, keyOf: (write: WriteFacts) => string | null): void => {
    const first = new Map<string, WriteFacts>();
    for (const write of shard.writes) {
      const key = keyOf(write);
      if (key === null) continue;
      const other = first.get(key);
      if (other) add('I7', [other, write], `${nameOf(other)} and ${nameOf(write)} both ${what}`);
      else first.set(key, write);
    }
  };
  twice('succeeded on the same previous token', (write) => write.previousToken);
  twice('wrote the same token', (write) => write.token);
  twice('moved the checkpoint from the same position', (write) =>
    write.isClaim || write.fromCount === write.toCount ? null : `${write.generation} ${write.fromCount}`,
  );
}

/** I2 for one execution: it commits only what it has handled itself before it sent the commit. */
function checkOwnEffects(shard: ShardFacts, slice: SliceFacts, violations: Violations): void {
  let next = 0;
  let handledCount = 0;
  for (const write of slice.writes) {
    for (; (slice.handlings[next]?.time ?? Infinity) < write.sent; next++) {
      handledCount = Math.max(handledCount, (slice.handlings[next]?.record.index ?? 0) + 1);
    }
    if (write.isClaim || write.to.at !== 'AFTER' || write.toCount <= write.fromCount) continue;
    checkKnownPosition(shard, write, write.to, violations);
    if (handledCount >= write.toCount) continue;
    const record = shard.records[write.toCount - 1];
    if (!record) continue;
    const message = `${describeSlice(slice)} committed ${describeRecord(record)} before it had handled it`;
    violations.add({ invariant: 'I2', shardId: shard.shardId, key: record.key, ids: [record.id], message });
  }
}

function checkKnownPosition(
  shard: ShardFacts,
  write: WriteFacts,
  to: Position & { at: 'AFTER' },
  violations: Violations,
): void {
  const record = shard.records[write.toCount - 1];
  if (record?.sequence === BigInt(to.sequenceNumber)) return;
  const message = `${nameOf(write)} commits ${to.sequenceNumber}, which is no record that was put or handled`;
  violations.add({ invariant: 'I2', shardId: shard.shardId, ids: [write.token], message });
}

/** I7: after a refusal the execution ends; it neither handles nor writes again. */
function checkFenced(shard: ShardFacts, slice: SliceFacts, violations: Violations): void {
  const refused = slice.refusals[0] ?? Infinity;
  const handling = slice.handlings.find(({ time }) => time > refused);
  const write = slice.writes.find(({ sent }) => sent > refused);
  if (!handling && !write) return;
  const what = handling ? `handled ${describeRecord(handling.record)}` : 'wrote the checkpoint';
  const ids = [handling?.record.id ?? write?.token ?? ''];
  const message = `${describeSlice(slice)} was refused and went on: it ${what}`;
  violations.add({ invariant: 'I7', shardId: shard.shardId, ids, message });
}

function nameOf(write: WriteFacts): string {
  return `the ${write.isClaim ? 'claim' : 'commit'} ${write.token} by ${describeSlice(write.slice)}`;
}

const short = describePosition;
