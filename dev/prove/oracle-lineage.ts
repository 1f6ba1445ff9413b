import { describeRecord, type RecordFacts, type RunFacts, type ShardFacts } from './oracle-facts';
import { shardEndSent } from './oracle-records';
import type { Violations } from './oracle-report';

/** I8: no record of a child shard was handled before every parent had committed SHARD_END. */
export function checkLineage(run: RunFacts, violations: Violations): void {
  for (const child of run.shards.values()) {
    const first = earliest(child.records);
    if (!first) continue;
    for (const parentId of child.parents ?? []) {
      const parent = run.shards.get(parentId);
      const reason = parent && whyTooEarly(run, parent, first);
      if (!reason) continue;
      const message = `${describeRecord(first)} of child ${child.shardId} was handled, but ${reason}`;
      violations.add({ invariant: 'I8', shardId: child.shardId, key: first.key, ids: [first.id, parentId], message });
    }
  }
}

/**
 * The commit of SHARD_END may be missing from the journals after a kill or a lost reply: then only the parent's records
 * can tell. Without a kill a later claim shows that the shard had ended, if claims are written down.
 */
function whyTooEarly(run: RunFacts, parent: ShardFacts, first: RecordFacts): string | undefined {
  const late = parent.records.find((record) => record.handlings > 0 && record.firstHandled > first.firstHandled);
  if (late) return `its parent's ${describeRecord(late)} was handled later`;
  const end = shardEndSent(parent);
  if (end !== Infinity) {
    return first.firstHandled < end ? `its parent ${parent.shardId} committed SHARD_END later` : undefined;
  }
  const { writes } = parent;
  const mustShow = run.kills.length === 0 && writes.some(({ isClaim }) => isClaim);
  const isEnded = writes.some(({ to }) => to.at === 'SHARD_END');
  return mustShow && !isEnded ? `its parent ${parent.shardId} never committed SHARD_END` : undefined;
}

function earliest(records: readonly RecordFacts[]): RecordFacts | undefined {
  return records.reduce<RecordFacts | undefined>((first, record) => {
    if (record.handlings === 0) return first;
    return first && first.firstHandled <= record.firstHandled ? first : record;
  }, undefined);
}
