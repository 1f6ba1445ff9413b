import { describeRecord, type RecordFacts, type RunFacts, type ShardFacts } from './oracle-facts';
import type { InvariantId, Violations } from './oracle-report';

/** I0: every handled record was put, at the place where it was handled. */
export function checkOrigin(run: RunFacts, violations: Violations): void {
  for (const record of handledRecords(run)) {
    const reason = record.acknowledged ? undefined : whyInvented(run, record);
    if (!reason) continue;
    const { shardId, key, id } = record;
    violations.add({ invariant: 'I0', shardId, key, ids: [id], message: `${describeRecord(record)} ${reason}` });
  }
}

function whyInvented(run: RunFacts, record: RecordFacts): string | undefined {
  const sent = run.unknown.get(record.id);
  if (sent && sent.key === record.key && sent.counter === record.counter) return undefined;
  if (sent) return `was handled, but sent as key ${sent.key}, counter ${sent.counter}`;
  const put = run.acknowledged.get(record.id);
  return put ? `was handled, but put once, at ${put.shardId} ${put.sequence}` : 'was handled, but never put';
}

/** I1: every acknowledged record was handled. */
export function checkLoss(run: RunFacts, violations: Violations): void {
  for (const record of run.acknowledged.values()) {
    if (record.handlings > 0) continue;
    const { shardId, key, id } = record;
    violations.add({
      invariant: 'I1',
      shardId,
      key,
      ids: [id],
      message: `${describeRecord(record)} was never handled`,
    });
  }
}

/** I2 and I9: no commit, and no SHARD_END, was sent before each record that it covers had been handled. */
export function checkCommitAfterEffect(run: RunFacts, violations: Violations): void {
  for (const shard of run.shards.values()) {
    checkCoverage(shard, 'I2', earliestCommits(shard), violations);
    const end = shardEndSent(shard);
    checkCoverage(
      shard,
      'I9',
      shard.records.map(() => end),
      violations,
    );
  }
}

/** When SHARD_END of a shard was first sent by a commit; Infinity if no commit of it is known. */
export function shardEndSent(shard: ShardFacts): number {
  const ends = shard.writes.filter((write) => !write.isClaim && write.to.at === 'SHARD_END');
  return Math.min(Infinity, ...ends.map((write) => write.sent));
}

/** For each record, when the first commit that covers it was sent. */
function earliestCommits(shard: ShardFacts): number[] {
  const earliest = new Array<number>(shard.records.length).fill(Infinity);
  for (const { isClaim, to, toCount, sent } of shard.writes) {
    if (isClaim || to.at !== 'AFTER' || toCount === 0) continue;
    earliest[toCount - 1] = Math.min(earliest[toCount - 1] ?? Infinity, sent);
  }
  for (let index = earliest.length - 2; index >= 0; index--) {
    earliest[index] = Math.min(earliest[index] ?? Infinity, earliest[index + 1] ?? Infinity);
  }
  return earliest;
}

function checkCoverage(
  shard: ShardFacts,
  invariant: InvariantId,
  covered: readonly number[],
  violations: Violations,
): void {
  const what = invariant === 'I9' ? 'SHARD_END' : 'a commit that covers it';
  shard.records.forEach((record, index) => {
    if (record.firstHandled < (covered[index] ?? Infinity) || covered[index] === Infinity) return;
    const when = record.handlings === 0 ? 'and it was never handled' : 'before it was handled';
    const message = `${what} was sent ${when}: ${describeRecord(record)}`;
    violations.add({ invariant, shardId: shard.shardId, key: record.key, ids: [record.id], message });
  });
}

function* handledRecords(run: RunFacts): Generator<RecordFacts> {
  for (const shard of run.shards.values()) {
    for (const record of shard.records) if (record.handlings > 0) yield record;
  }
}
