import type {
  ClaimedEntry,
  CommittedEntry,
  HandledEntry,
  JournalEntry,
  KillEntry,
  PutEntry,
  RefusedEntry,
  Stamp,
} from './journal-entries';
import {
  countCovered,
  describeRecord,
  type RecordFacts,
  type RunFacts,
  type ShardFacts,
  type SliceFacts,
} from './oracle-facts';
import { raiseGenerations } from './oracle-losses';
import type { Violations } from './oracle-report';

type Stamped<T> = T & Stamp;

/** Reads a run's entries, in any order of files, into facts indexed by shard; reports contradictions on the way. */
export async function collectRun(
  entries: Iterable<JournalEntry> | AsyncIterable<JournalEntry>,
  violations: Violations,
): Promise<RunFacts> {
  const collector = new Collector(violations);
  for await (const entry of entries) collector.add(entry);
  return collector.finish();
}

class Collector {
  private readonly run: RunFacts = {
    shards: new Map(),
    acknowledged: new Map(),
    unknown: new Map(),
    kills: [],
    losses: [],
  };
  private epoch: bigint | undefined;

  constructor(private readonly violations: Violations) {}

  add(entry: JournalEntry): void {
    switch (entry.kind) {
      case 'put':
        return this.addPut(entry);
      case 'putUnknown':
        this.run.unknown.set(entry.id, { key: entry.key, counter: entry.counter });
        return;
      case 'handled':
        return this.addHandled(entry);
      case 'committed':
      case 'claimed':
        return this.addWrite(entry);
      case 'refused':
        this.slice(entry).refusals.push(this.time(entry.mono));
        return;
      case 'shard':
        this.shard(entry.shardId).parents = entry.parents;
        return;
      case 'kill':
        return this.addKill(entry);
      case 'loss':
        this.run.losses.push(this.time(entry.mono));
        return;
    }
  }

  finish(): RunFacts {
    for (const shard of this.run.shards.values()) {
      arrange(shard);
      raiseGenerations(shard, this.run.losses);
    }
    return this.run;
  }

  private addPut(entry: PutEntry): void {
    const record = this.record(entry);
    const other = this.run.acknowledged.get(entry.id);
    if (other && other !== record) {
      const message = `${describeRecord(record)} was also acknowledged at ${other.shardId} ${other.sequence}`;
      this.violations.add({ invariant: 'DATA', shardId: entry.shardId, key: entry.key, ids: [entry.id], message });
    }
    record.acknowledged = true;
    this.run.acknowledged.set(entry.id, record);
  }

  private addHandled(entry: Stamped<HandledEntry>): void {
    const record = this.record(entry);
    const time = this.time(entry.mono);
    record.handlings += 1;
    record.firstHandled = Math.min(record.firstHandled, time);
    record.lastHandled = Math.max(record.lastHandled, time);
    this.slice(entry).handlings.push({ record, time });
  }

  private addWrite(entry: Stamped<CommittedEntry | ClaimedEntry>): void {
    const slice = this.slice(entry);
    const isClaim = entry.kind === 'claimed';
    const [from, to] = entry.kind === 'claimed' ? [entry.position, entry.position] : [entry.from, entry.to];
    const { shardId, generation, token, previousToken } = entry;
    const times = { sent: this.time(entry.sentMono), done: this.time(entry.mono) };
    const write = {
      isClaim,
      shardId,
      from,
      to,
      fromCount: 0,
      toCount: 0,
      generation,
      token,
      previousToken,
      slice,
      ...times,
    };
    slice.writes.push(write);
    this.shard(shardId).writes.push(write);
  }

  private addKill(entry: Stamped<KillEntry>): void {
    if (entry.signal === 'SIGCONT') return;
    this.run.kills.push({ worker: entry.worker, signal: entry.signal, time: this.time(entry.mono) });
  }

  /** Nanoseconds from the first entry read: exact as a number, where the clock's own value may not be. */
  private time(mono: string): number {
    const now = BigInt(mono);
    this.epoch ??= now;
    return Number(now - this.epoch);
  }

  private shard(shardId: string): ShardFacts {
    const known = this.run.shards.get(shardId);
    if (known) return known;
    const shard: ShardFacts = { shardId, bySequence: new Map(), records: [], slices: new Map(), writes: [] };
    this.run.shards.set(shardId, shard);
    return shard;
  }

  private slice(entry: HandledEntry | CommittedEntry | ClaimedEntry | RefusedEntry): SliceFacts {
    const { slices } = this.shard(entry.shardId);
    const key = `${entry.worker} ${entry.slice}`;
    const known = slices.get(key);
    if (known) return known;
    const slice = { name: entry.slice, worker: entry.worker, handlings: [], writes: [], refusals: [] };
    slices.set(key, slice);
    return slice;
  }

  private record(entry: PutEntry | HandledEntry): RecordFacts {
    const { bySequence, shardId } = this.shard(entry.shardId);
    const { id, key, counter } = entry;
    const sequence = BigInt(entry.sequenceNumber);
    const known = bySequence.get(entry.sequenceNumber) ?? bySequence.get(sequence.toString());
    if (known) return this.sameRecord(known, entry);
    const none = { acknowledged: false, handlings: 0, firstHandled: Infinity, lastHandled: -Infinity, index: -1 };
    const record: RecordFacts = { shardId, sequence, id, key, counter, ...none };
    bySequence.set(sequence.toString(), record);
    return record;
  }

  private sameRecord(known: RecordFacts, entry: PutEntry | HandledEntry): RecordFacts {
    const { id, key, counter } = entry;
    if (known.id === id && known.key === key && known.counter === counter) return known;
    const message = `${describeRecord(known)} was also seen as record ${id} (key ${key}, counter ${counter})`;
    this.violations.add({ invariant: 'I0', shardId: known.shardId, key, ids: [known.id, id], message });
    return known;
  }
}

function arrange(shard: ShardFacts): void {
  shard.records = [...shard.bySequence.values()].sort((a, b) => (a.sequence < b.sequence ? -1 : 1));
  shard.records.forEach((record, index) => (record.index = index));
  for (const write of shard.writes) {
    write.fromCount = countCovered(shard, write.from);
    write.toCount = countCovered(shard, write.to);
  }
  shard.writes.sort((a, b) => a.done - b.done);
  for (const { handlings, writes, refusals } of shard.slices.values()) {
    handlings.sort((a, b) => a.time - b.time);
    writes.sort((a, b) => a.done - b.done);
    refusals.sort((a, b) => a - b);
  }
}
