import { invalidArgument, notFound } from './aws-error';
import { evenRanges, hashKeyOf, rangeMidpoint, type HashKeyRange } from './hash-keys';
import { parseSequenceNumber } from './sequence-numbers';
import { Shard, shardIdOf, type ShardOrigin } from './shard';

export const ACCOUNT_ID = '000000000000';

export type StreamStatus = 'CREATING' | 'DELETING' | 'ACTIVE' | 'UPDATING';

export interface StreamOrigin {
  readonly name: string;
  readonly arn: string;
  /** Unique over the server's life: a re-created stream is another incarnation. */
  readonly incarnation: number;
  readonly createdAtMs: number;
}

export interface NewRecord {
  partitionKey: string;
  dataBase64: string;
  explicitHashKey?: string;
  /** Puts the record here whatever its hash key is. */
  shardId?: string;
  arrivalMs: number;
}

export interface PutResult {
  shardId: string;
  sequenceNumber: string;
}

/** One incarnation of a stream: its shards and the lineage between them. */
export class Stream {
  status: StreamStatus = 'ACTIVE';
  private readonly byId = new Map<string, Shard>();
  private openByRange: Shard[] | undefined;
  private ordinal = 1;
  private nextShardIndex = 0;

  constructor(
    readonly origin: StreamOrigin,
    public retentionMs: number,
  ) {}

  get shards(): readonly Shard[] {
    return [...this.byId.values()];
  }

  /** Ordinal of the next record: what LATEST points to. */
  get nextOrdinal(): number {
    return this.ordinal;
  }

  openShards(): readonly Shard[] {
    this.openByRange ??= this.shards.filter((shard) => shard.isOpen).sort(byHashKey);
    return this.openByRange;
  }

  addEvenShards(count: number, nowMs: number): void {
    for (const range of evenRanges(count)) this.addShard({ range, createdAtMs: nowMs });
  }

  addShard(shard: Omit<ShardOrigin, 'shardId' | 'incarnation' | 'startingOrdinal'> & { shardId?: string }): Shard {
    const origin = {
      ...shard,
      shardId: shard.shardId ?? shardIdOf(this.nextShardIndex),
      incarnation: this.origin.incarnation,
      startingOrdinal: this.takeOrdinal(),
    };
    if (this.byId.has(origin.shardId)) throw invalidArgument(`Shard ${origin.shardId} already exists.`);
    const added = new Shard(origin);
    this.byId.set(added.shardId, added);
    this.nextShardIndex = Math.max(this.nextShardIndex, added.index + 1);
    this.openByRange = undefined;
    return added;
  }

  shard(shardId: string): Shard {
    const shard = this.byId.get(shardId);
    if (shard !== undefined) return shard;
    throw notFound(`Shard ${shardId} in stream ${this.origin.name} under account ${ACCOUNT_ID} does not exist`);
  }

  /** Forgets a shard, as AWS does once a closed shard's records have all expired. */
  removeShard(shardId: string): void {
    this.byId.delete(this.shard(shardId).shardId);
    this.openByRange = undefined;
  }

  closeShard(shard: Shard, nowMs: number): void {
    shard.close(this.takeOrdinal(), nowMs);
    this.openByRange = undefined;
  }

  childrenOf(shardId: string): Shard[] {
    return this.shards.filter((shard) => shard.parentShardIds.includes(shardId));
  }

  put(record: NewRecord): PutResult {
    const shard = record.shardId === undefined ? this.route(record) : this.shard(record.shardId);
    if (!shard.isOpen) throw invalidArgument(`Shard ${shard.shardId} is closed.`);
    const { partitionKey, dataBase64, arrivalMs } = record;
    const ordinal = this.takeOrdinal();
    shard.append({ ordinal, partitionKey, dataBase64, arrivalMs });
    return { shardId: shard.shardId, sequenceNumber: shard.sequenceNumber(ordinal) };
  }

  split(shardId: string, nowMs: number, newStartingHashKey?: bigint): [Shard, Shard] {
    const parent = this.requireOpen(shardId);
    const { start, end } = parent.origin.range;
    const middle = newStartingHashKey ?? rangeMidpoint(parent.origin.range);
    if (middle <= start || middle > end) {
      throw invalidArgument(
        `NewStartingHashKey ${middle} used in SplitShard() on shard ${shardId} is not both greater than one plus the ` +
          `shard's StartingHashKey ${start} and less than the shard's EndingHashKey ${end}.`,
      );
    }
    this.closeShard(parent, nowMs);
    const child = (range: HashKeyRange): Shard => this.addShard({ range, parentShardId: shardId, createdAtMs: nowMs });
    return [child({ start, end: middle - 1n }), child({ start: middle, end })];
  }

  merge(shardId: string, adjacentShardId: string, nowMs: number): Shard {
    const first = this.requireOpen(shardId);
    const second = this.requireOpen(adjacentShardId);
    const [left, right] = [first, second].sort(byHashKey) as [Shard, Shard];
    if (left.origin.range.end + 1n !== right.origin.range.start) {
      throw invalidArgument(
        `Shards ${shardId} and ${adjacentShardId} in stream ${this.origin.name} are not an adjacent pair of shards eligible for merging`,
      );
    }
    this.closeShard(first, nowMs);
    this.closeShard(second, nowMs);
    return this.addShard({
      range: { start: left.origin.range.start, end: right.origin.range.end },
      parentShardId: shardId,
      adjacentParentShardId: adjacentShardId,
      createdAtMs: nowMs,
    });
  }

  /** Ordinal of a sequence number; refuses numbers of another shard or incarnation with AWS's own message. */
  ordinalIn(shard: Shard, sequenceNumber: string): number {
    const parts = parseSequenceNumber(sequenceNumber);
    const isOurs = parts?.incarnation === this.origin.incarnation && parts.shardIndex === shard.index;
    if (parts !== undefined && isOurs) return parts.ordinal;
    throw invalidArgument(
      `StartingSequenceNumber ${sequenceNumber} used in GetShardIterator on shard ${shard.shardId} in stream ` +
        `${this.origin.name} under account ${ACCOUNT_ID} is invalid because it did not come from this stream.`,
    );
  }

  /** Drops what retention has taken: old records, and shards that closed before the horizon. */
  expire(nowMs: number): void {
    const horizonMs = nowMs - this.retentionMs;
    for (const shard of this.byId.values()) {
      shard.trimArrivedBefore(horizonMs);
      if ((shard.closedAtMs ?? Infinity) < horizonMs) this.byId.delete(shard.shardId);
    }
  }

  private requireOpen(shardId: string): Shard {
    const shard = this.shard(shardId);
    if (shard.isOpen) return shard;
    throw invalidArgument(`Shard ${shardId} in stream ${this.origin.name} is not open.`);
  }

  private route(record: NewRecord): Shard {
    const hashKey =
      record.explicitHashKey === undefined ? hashKeyOf(record.partitionKey) : BigInt(record.explicitHashKey);
    const open = this.openShards();
    const shard = open[lastStartingAtOrBefore(open, hashKey)];
    if (shard !== undefined && shard.origin.range.end >= hashKey) return shard;
    throw notFound(`No open shard of stream ${this.origin.name} covers hash key ${hashKey}.`);
  }

  private takeOrdinal(): number {
    return this.ordinal++;
  }
}

function byHashKey(a: Shard, b: Shard): number {
  if (a.origin.range.start === b.origin.range.start) return 0;
  return a.origin.range.start < b.origin.range.start ? -1 : 1;
}

function lastStartingAtOrBefore(sorted: readonly Shard[], hashKey: bigint): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const start = sorted[middle]?.origin.range.start ?? 0n;
    if (start <= hashKey) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
