import type { HashKeyRange } from './hash-keys';
import { formatSequenceNumber } from './sequence-numbers';

export interface StoredRecord {
  readonly ordinal: number;
  readonly partitionKey: string;
  readonly dataBase64: string;
  readonly arrivalMs: number;
}

export interface ShardOrigin {
  readonly shardId: string;
  readonly incarnation: number;
  readonly startingOrdinal: number;
  readonly range: HashKeyRange;
  readonly parentShardId?: string;
  readonly adjacentParentShardId?: string;
  readonly createdAtMs: number;
}

/** One shard's records, oldest first. Ordinals rise along the array. */
export class Shard {
  readonly index: number;
  private stored: StoredRecord[] = [];
  private closing: { ordinal: number; atMs: number } | undefined;

  constructor(readonly origin: ShardOrigin) {
    this.index = shardIndexOf(origin.shardId);
  }

  get shardId(): string {
    return this.origin.shardId;
  }

  get records(): readonly StoredRecord[] {
    return this.stored;
  }

  get isOpen(): boolean {
    return this.closing === undefined;
  }

  get closedAtMs(): number | undefined {
    return this.closing?.atMs;
  }

  get parentShardIds(): string[] {
    return [this.origin.parentShardId, this.origin.adjacentParentShardId].filter((id) => id !== undefined);
  }

  append(record: StoredRecord): void {
    this.stored.push(record);
  }

  close(ordinal: number, atMs: number): void {
    this.closing = { ordinal, atMs };
  }

  sequenceNumber(ordinal: number): string {
    return formatSequenceNumber({ incarnation: this.origin.incarnation, ordinal, shardIndex: this.index });
  }

  /** Index of the first record at or after `ordinal`; the number of records if there is none. */
  indexFrom(ordinal: number): number {
    let low = 0;
    let high = this.stored.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.recordAt(middle).ordinal < ordinal) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  trimBefore(ordinal: number): void {
    this.stored.splice(0, this.indexFrom(ordinal));
  }

  trimArrivedBefore(horizonMs: number): void {
    if ((this.stored[0]?.arrivalMs ?? Infinity) >= horizonMs) return;
    const firstKept = this.stored.findIndex((record) => record.arrivalMs >= horizonMs);
    this.stored.splice(0, firstKept === -1 ? this.stored.length : firstKept);
  }

  /** The shard as DescribeStream and ListShards show it. */
  describe(): Record<string, unknown> {
    const { range, startingOrdinal, parentShardId, adjacentParentShardId } = this.origin;
    return {
      ShardId: this.shardId,
      ParentShardId: parentShardId,
      AdjacentParentShardId: adjacentParentShardId,
      HashKeyRange: describeRange(range),
      SequenceNumberRange: {
        StartingSequenceNumber: this.sequenceNumber(startingOrdinal),
        EndingSequenceNumber: this.closing && this.sequenceNumber(this.closing.ordinal),
      },
    };
  }

  /** The shard as its parents' last page shows it. */
  describeAsChild(): Record<string, unknown> {
    return {
      ShardId: this.shardId,
      ParentShards: this.parentShardIds,
      HashKeyRange: describeRange(this.origin.range),
    };
  }

  private recordAt(index: number): StoredRecord {
    const record = this.stored[index];
    if (record === undefined) throw new RangeError(`no record at index ${index} of ${this.shardId}`);
    return record;
  }
}

export function shardIdOf(index: number): string {
  return `shardId-${String(index).padStart(12, '0')}`;
}

export function shardIndexOf(shardId: string): number {
  const digits = /^shardId-(\d{12})$/.exec(shardId)?.[1];
  if (digits === undefined) throw new Error(`shard id must be shardId- and 12 digits, got "${shardId}"`);
  return Number(digits);
}

function describeRange(range: HashKeyRange): { StartingHashKey: string; EndingHashKey: string } {
  return { StartingHashKey: range.start.toString(), EndingHashKey: range.end.toString() };
}
