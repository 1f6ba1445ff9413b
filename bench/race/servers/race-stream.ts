import { createHash } from 'node:crypto';
import { LOCAL_ACCOUNT_ID, LOCAL_REGION } from '../../../dev/stack/pins';
import { ordinalAfter, sequenceNumber } from '../../servers/canned-pages';
import { encodeRecord, EndlessPages, type PageForm, type PageRecord } from './pages';

interface Page {
  readonly next: number;
  readonly count: number;
  readonly records: Buffer;
  readonly isAtTip: boolean;
}

const NOTHING = Buffer.alloc(0);
const pages = new EndlessPages();

/** What one shard holds: records that were put, or so many of the endless pages as were released. */
export class RaceShard {
  private readonly live: PageRecord[] = [];
  private readonly watchers = new Set<() => void>();
  private released = 0;

  constructor(readonly index: number) {}

  get length(): number {
    return this.released + this.live.length;
  }

  release(records: number): void {
    this.released += records;
    this.tell();
  }

  /** Calls `watcher` whenever there is more, until the function that it answers with is called. */
  watch(watcher: () => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  put(data: string, partitionKey: string): string {
    const SequenceNumber = sequenceNumber(this.index, this.live.length);
    const ApproximateArrivalTimestamp = Date.now() / 1_000;
    this.live.push({ SequenceNumber, ApproximateArrivalTimestamp, Data: data, PartitionKey: partitionKey });
    this.tell();
    return SequenceNumber;
  }

  page(form: PageForm, first: number, limit: number): Page {
    const count = Math.max(0, Math.min(limit, this.length - first));
    const next = first + count;
    const records = count === 0 ? NOTHING : this.encode(form, first, count);
    return { next, count, records, isAtTip: next >= this.length };
  }

  private tell(): void {
    for (const watcher of this.watchers) watcher();
  }

  private encode(form: PageForm, first: number, count: number): Buffer {
    if (this.live.length === 0) return pages.records(form, this.index, { first, count });
    const found = this.live.slice(first, first + count);
    return Buffer.concat(found.map((record, index) => encodeRecord(form, record, index > 0)));
  }
}

/** A stream of the race: filled by puts, or all at once by `release`. */
export class RaceStream {
  readonly shards: readonly RaceShard[];
  readonly arn: string;
  private readonly createdAtSeconds = Math.floor(Date.now() / 1_000) - 3_600;

  constructor(
    private readonly name: string,
    shardCount: number,
  ) {
    this.shards = Array.from({ length: shardCount }, (_, index) => new RaceShard(index));
    this.arn = `arn:aws:kinesis:${LOCAL_REGION}:${LOCAL_ACCOUNT_ID}:stream/${name}`;
  }

  shard(shardId: string): { index: number; shard: RaceShard | undefined } {
    const index = Number(shardId.replace('shardId-', ''));
    return { index, shard: this.shards[index] };
  }

  firstOrdinal(type: string, sequence: unknown, index: number): number {
    if (type === 'LATEST') return this.shards[index]?.length ?? 0;
    if (typeof sequence !== 'string') return 0;
    return type === 'AFTER_SEQUENCE_NUMBER' ? ordinalAfter(sequence) : ordinalAfter(sequence) - 1;
  }

  put(data: string, partitionKey: string): { ShardId: string; SequenceNumber: string } {
    const hash = createHash('md5').update(partitionKey).digest().readUInt32BE(0);
    const index = Math.floor((hash / 2 ** 32) * this.shards.length);
    return { ShardId: shardId(index), SequenceNumber: this.shards[index]?.put(data, partitionKey) ?? '' };
  }

  summary(): Readonly<Record<string, unknown>> {
    return {
      StreamName: this.name,
      StreamARN: this.arn,
      StreamStatus: 'ACTIVE',
      StreamCreationTimestamp: this.createdAtSeconds,
      RetentionPeriodHours: 24,
      OpenShardCount: this.shards.length,
      EnhancedMonitoring: [],
    };
  }

  listShards(): readonly Readonly<Record<string, unknown>>[] {
    const width = 2n ** 128n / BigInt(this.shards.length);
    return this.shards.map((_, index) => {
      const start = BigInt(index) * width;
      const end = index === this.shards.length - 1 ? 2n ** 128n - 1n : start + width - 1n;
      return {
        ShardId: shardId(index),
        HashKeyRange: { StartingHashKey: String(start), EndingHashKey: String(end) },
        SequenceNumberRange: { StartingSequenceNumber: sequenceNumber(index, 0) },
      };
    });
  }
}

function shardId(index: number): string {
  return `shardId-${String(index).padStart(12, '0')}`;
}
