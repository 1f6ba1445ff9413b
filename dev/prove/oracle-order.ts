import { describeRecord, type RecordFacts, type RunFacts } from './oracle-facts';
import type { Violations } from './oracle-report';

/** I3: first handlings of each partition key follow the shard order and, across shards, the counter. */
export function checkKeyOrder(run: RunFacts, violations: Violations): void {
  const byKey = groupByKey(run, (record) => record.handlings > 0);
  for (const records of byKey.values()) {
    records.sort((a, b) => a.firstHandled - b.firstHandled);
    checkOneKey(records, violations);
  }
}

/**
 * A record that no producer had acknowledged may stand in the stream behind later counters (its request arrived late),
 * so only its order within the shard counts.
 */
function checkOneKey(records: readonly RecordFacts[], violations: Violations): void {
  const newestOfShard = new Map<string, RecordFacts>();
  let newest: RecordFacts | undefined;
  for (const record of records) {
    const inShard = newestOfShard.get(record.shardId);
    const before = inShard && inShard.sequence > record.sequence ? inShard : undefined;
    const across = record.acknowledged && newest && newest.counter > record.counter ? newest : undefined;
    const overtaker = before ?? across;
    if (overtaker) reportInversion(record, overtaker, violations);
    if (!before) newestOfShard.set(record.shardId, record);
    if (record.acknowledged && !across) newest = record;
  }
}

function reportInversion(record: RecordFacts, overtaker: RecordFacts, violations: Violations): void {
  const message = `${describeRecord(record)} was first handled after ${describeRecord(overtaker)}`;
  const { shardId, key, id } = record;
  violations.add({ invariant: 'I3', shardId, key, ids: [id], message });
}

/** DATA: counters of each key are 1, 2, 3, ... without a gap, and rise with the order of the stream. */
export function checkDataSet(run: RunFacts, violations: Violations): void {
  if (run.acknowledged.size === 0) {
    violations.add({ invariant: 'DATA', ids: [], message: 'no record was acknowledged: the run proves nothing' });
  }
  checkCounters(run, violations);
  for (const records of groupByKey(run, (record) => record.acknowledged).values()) {
    records.sort((a, b) => a.counter - b.counter);
    records.forEach((record, index) => checkProducerOrder(run, records[index - 1], record, violations));
  }
}

function checkCounters(run: RunFacts, violations: Violations): void {
  for (const [key, idOfCounter] of countersByKey(run, violations)) {
    const largest = [...idOfCounter.keys()].reduce((a, b) => Math.max(a, b), 0);
    if (largest === idOfCounter.size) continue;
    const message = `key ${key}: counters go to ${largest}, but ${idOfCounter.size} were put: a producer journal is missing`;
    violations.add({ invariant: 'DATA', key, ids: [], message });
  }
}

function countersByKey(run: RunFacts, violations: Violations): Map<string, Map<number, string>> {
  const byKey = new Map<string, Map<number, string>>();
  const note = (id: string, { key, counter }: { key: string; counter: number }): void => {
    const idOfCounter = byKey.get(key) ?? new Map<number, string>();
    byKey.set(key, idOfCounter);
    const other = idOfCounter.get(counter) ?? id;
    idOfCounter.set(counter, other);
    if (other === id) return;
    violations.add({
      invariant: 'DATA',
      key,
      ids: [other, id],
      message: `key ${key}: counter ${counter} was put twice`,
    });
  };
  for (const record of run.acknowledged.values()) note(record.id, record);
  for (const [id, sent] of run.unknown) note(id, sent);
  return byKey;
}

function checkProducerOrder(
  run: RunFacts,
  before: RecordFacts | undefined,
  record: RecordFacts,
  violations: Violations,
): void {
  if (!before) return;
  const isBehind =
    before.shardId === record.shardId
      ? before.sequence > record.sequence
      : isAncestor(run, record.shardId, before.shardId);
  if (!isBehind) return;
  const message = `the producer put ${describeRecord(before)} behind ${describeRecord(record)}`;
  violations.add({ invariant: 'DATA', shardId: record.shardId, key: record.key, ids: [before.id, record.id], message });
}

/** True if `ancestor` is a parent, or a parent's parent and so on, of `shardId`. */
function isAncestor(run: RunFacts, ancestor: string, shardId: string): boolean {
  const seen = new Set<string>();
  const open = [shardId];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const parent of run.shards.get(next)?.parents ?? []) {
      if (parent === ancestor) return true;
      if (!seen.has(parent)) open.push(parent);
      seen.add(parent);
    }
  }
  return false;
}

function groupByKey(run: RunFacts, wanted: (record: RecordFacts) => boolean): Map<string, RecordFacts[]> {
  const byKey = new Map<string, RecordFacts[]>();
  for (const shard of run.shards.values()) {
    for (const record of shard.records.filter(wanted)) {
      const records = byKey.get(record.key);
      if (records) records.push(record);
      else byKey.set(record.key, [record]);
    }
  }
  return byKey;
}
