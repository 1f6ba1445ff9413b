import { hash } from 'node:crypto';
import { TidemarkError } from '../core/errors';
import { AGGREGATE_MAGIC, DIGEST_BYTES, looksAggregated, MAGIC_BYTES } from './aggregate-reader';
import { hashKeyOf } from './hash-range';

/** A record to be put. */
export interface RecordToPut {
  readonly partitionKey: string;
  /** Decimal string, 0 to 2^128 - 1: decides the shard in place of the partition key. */
  readonly explicitHashKey?: string;
  /** A text is written as UTF-8. */
  readonly data: Uint8Array | string;
}

/** A shard as the AWS SDK's ListShards lists it. One that is closed is passed over. */
export interface ListedShard {
  readonly HashKeyRange?: { readonly StartingHashKey?: string; readonly EndingHashKey?: string };
  readonly SequenceNumberRange?: { readonly EndingSequenceNumber?: string };
}

export interface AggregateOptions {
  /**
   * The shards of the stream: all pages of ListShards. Records of one shard are put together. Without it only records of one hash key are: each aggregate then
   * stays whole in its shard, however the stream is resharded.
   */
  readonly shards?: readonly ListedShard[];
  /**
   * Largest size of a record of Kinesis, payload and partition key, in bytes. A stream may allow up to 10 MiB (`MaxRecordSizeInKiB`).
   *
   * @minimum 1024
   * @maximum 10485760
   * @default 1048576
   */
  readonly maxBytes?: number;
  /**
   * Largest number of user records in an aggregate.
   *
   * @minimum 1
   * @default no limit but the size
   */
  readonly maxRecords?: number;
}

/** An entry of PutRecords, and which of the given records are in it. */
export interface AggregateEntry {
  readonly PartitionKey: string;
  /** That of the first user record, so that the aggregate goes where each of them belongs. */
  readonly ExplicitHashKey: string;
  readonly Data: Uint8Array;
  /** Indexes of the records given to `aggregate`, ascending. */
  readonly records: readonly number[];
}

const MAX_BYTES = [1_024, 10 * 1_024 * 1_024] as const;
const DEFAULT_MAX_BYTES = 1_024 * 1_024;
const MAX_KEY_CHARS = 256;
const MAX_HASH_KEY = (1n << 128n) - 1n;

/**
 * Packs records into aggregates of the Kinesis Producer Library's format: up to the size of a record of Kinesis each. Records of one
 * partition key keep their order. All records of an aggregate belong to one shard, because consumers leave out user records whose hash key
 * is not of the shard. A record that is too large for an aggregate becomes an entry as it is.
 *
 * PutRecords does not take the entries' `records`: put `entries.map(({ records, ...entry }) => entry)`. After a resharding list the shards
 * anew; where an answer's ShardId is not the shard that was meant, put the records of other shards again.
 *
 * @throws `INVALID_OPTION`
 */
export function aggregate(records: readonly RecordToPut[], options: AggregateOptions = {}): AggregateEntry[] {
  const { maxBytes = DEFAULT_MAX_BYTES, maxRecords = Infinity, shards } = options;
  checkOptions(maxBytes, maxRecords);
  const groupOf = groupsBy(shards);
  const open = new Map<string, Packing>();
  const packings: Packing[] = [];
  for (const [index, record] of records.entries()) {
    const item = toItem(record, index);
    const group = groupOf(item);
    const current = open.get(group);
    if (current?.canTake(item, maxBytes, maxRecords)) current.add(item);
    else {
      const next = new Packing(item);
      open.set(group, next);
      packings.push(next);
    }
  }
  return packings.map((packing) => packing.entry(maxBytes));
}

interface Item {
  readonly index: number;
  readonly partitionKey: string;
  readonly explicitHashKey?: string;
  readonly hashKey: string;
  readonly data: Buffer;
}

function toItem({ partitionKey, explicitHashKey, data }: RecordToPut, index: number): Item {
  const problem = problemOf(partitionKey, explicitHashKey, data);
  if (problem) throw invalid(`Expected record ${index} to have ${problem}`);
  const keys = { partitionKey, ...(explicitHashKey === undefined ? {} : { explicitHashKey }) };
  const bytes = typeof data === 'string' ? Buffer.from(data) : Buffer.from(data.buffer, data.byteOffset, data.length);
  return { index, ...keys, hashKey: hashKeyOf(keys), data: bytes };
}

function problemOf(partitionKey: unknown, explicitHashKey: unknown, data: unknown): string | undefined {
  if (typeof partitionKey !== 'string' || partitionKey === '' || [...partitionKey].length > MAX_KEY_CHARS)
    return `a \`partitionKey\` of 1 to ${MAX_KEY_CHARS} characters`;
  if (typeof data !== 'string' && !(data instanceof Uint8Array)) return '`data`: a Uint8Array or a string';
  if (explicitHashKey === undefined) return undefined;
  const isDecimal = typeof explicitHashKey === 'string' && /^(0|[1-9]\d{0,38})$/.test(explicitHashKey);
  return isDecimal && BigInt(explicitHashKey) <= MAX_HASH_KEY
    ? undefined
    : 'an `explicitHashKey` from 0 to 2^128 - 1, as a decimal string';
}

function checkOptions(maxBytes: number, maxRecords: number): void {
  const [min, max] = MAX_BYTES;
  if (!(Number.isInteger(maxBytes) && maxBytes >= min && maxBytes <= max))
    throw invalid(`Expected \`maxBytes\` to be a whole number from ${min} to ${max}`);
  if (!(maxRecords === Infinity || (Number.isInteger(maxRecords) && maxRecords >= 1)))
    throw invalid('Expected `maxRecords` to be a whole number of at least 1');
}

function invalid(what: string): TidemarkError {
  return new TidemarkError('INVALID_OPTION', what);
}

/** Which records may be put together. */
function groupsBy(shards: readonly ListedShard[] | undefined): (item: Item) => string {
  if (shards === undefined) return ({ hashKey }) => hashKey;
  const open = shards.filter(({ SequenceNumberRange }) => !SequenceNumberRange?.EndingSequenceNumber);
  const ranges = open.flatMap(({ HashKeyRange: { StartingHashKey: start, EndingHashKey: end } = {} }) =>
    start === undefined || end === undefined ? [] : [{ start: BigInt(start), end: BigInt(end), name: start }],
  );
  return ({ hashKey }) => {
    const value = BigInt(hashKey);
    const range = ranges.find(({ start, end }) => value >= start && value <= end);
    if (range) return range.name;
    throw invalid('Expected `shards` to be all open shards of the stream: a record has a hash key of none of them');
  };
}

/** User records of one aggregate to be. */
class Packing {
  private readonly items: Item[] = [];
  private readonly partitionKeys = new Table(0x0a);
  private readonly explicitHashKeys = new Table(0x12);
  private recordBytes = 0;

  constructor(private readonly first: Item) {
    this.add(first);
  }

  canTake(item: Item, maxBytes: number, maxRecords: number): boolean {
    return this.items.length < maxRecords && this.bytes + this.growth(item) <= maxBytes;
  }

  add(item: Item): void {
    const { explicitHashKey } = item;
    this.partitionKeys.add(item.partitionKey);
    if (explicitHashKey !== undefined) this.explicitHashKeys.add(explicitHashKey);
    this.recordBytes += fieldBytes(this.bodyBytes(item));
    this.items.push(item);
  }

  entry(maxBytes: number): AggregateEntry {
    const { first, items } = this;
    const keys = { PartitionKey: first.partitionKey, ExplicitHashKey: first.hashKey };
    const records = items.map(({ index }) => index);
    if (this.bytes <= maxBytes) return { ...keys, Data: this.encode(), records };
    // Alone, or it would not have been taken.
    if (first.data.length + Buffer.byteLength(first.partitionKey) > maxBytes || looksAggregated(first.data))
      throw invalid(`Expected record ${first.index} to have no more than ${maxBytes} bytes with its partition key`);
    return { ...keys, Data: first.data, records };
  }

  private get bytes(): number {
    const { partitionKeys, explicitHashKeys, recordBytes, first } = this;
    const message = partitionKeys.bytes + explicitHashKeys.bytes + recordBytes;
    return Buffer.byteLength(first.partitionKey) + MAGIC_BYTES + message + DIGEST_BYTES;
  }

  private growth(item: Item): number {
    const { partitionKey, explicitHashKey } = item;
    const keys = this.partitionKeys.growth(partitionKey);
    const hashKeys = explicitHashKey === undefined ? 0 : this.explicitHashKeys.growth(explicitHashKey);
    return keys + hashKeys + fieldBytes(this.bodyBytes(item));
  }

  private bodyBytes({ partitionKey, explicitHashKey, data }: Item): number {
    const key = 1 + varintBytes(this.partitionKeys.indexOf(partitionKey));
    const hashKey = explicitHashKey === undefined ? 0 : 1 + varintBytes(this.explicitHashKeys.indexOf(explicitHashKey));
    return key + hashKey + fieldBytes(data.length);
  }

  private encode(): Buffer {
    const out = new Output(this.bytes - Buffer.byteLength(this.first.partitionKey));
    this.partitionKeys.writeTo(out);
    this.explicitHashKeys.writeTo(out);
    for (const item of this.items) {
      const { partitionKey, explicitHashKey, data } = item;
      out.varint(0x1a);
      out.varint(this.bodyBytes(item));
      out.varint(0x08);
      out.varint(this.partitionKeys.indexOf(partitionKey));
      if (explicitHashKey !== undefined) {
        out.varint(0x10);
        out.varint(this.explicitHashKeys.indexOf(explicitHashKey));
      }
      out.field(0x1a, data);
    }
    return out.finish();
  }
}

/** Texts that records point to by index. */
class Table {
  bytes = 0;
  private readonly indexes = new Map<string, number>();

  constructor(private readonly tag: number) {}

  /** Also of a text that would be added next. */
  indexOf(text: string): number {
    return this.indexes.get(text) ?? this.indexes.size;
  }

  growth(text: string): number {
    return this.indexes.has(text) ? 0 : fieldBytes(Buffer.byteLength(text));
  }

  add(text: string): void {
    this.bytes += this.growth(text);
    this.indexes.set(text, this.indexOf(text));
  }

  writeTo(out: Output): void {
    for (const text of this.indexes.keys()) out.field(this.tag, Buffer.from(text));
  }
}

/** Magic, message, digest. */
class Output {
  private readonly buffer: Buffer;
  private at: number;

  constructor(bytes: number) {
    this.buffer = Buffer.alloc(bytes);
    this.at = this.buffer.writeUInt32BE(AGGREGATE_MAGIC);
  }

  varint(value: number): void {
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 128)) this.buffer[this.at++] = (rest % 128) | 0x80;
    this.buffer[this.at++] = rest;
  }

  field(tag: number, content: Buffer): void {
    this.varint(tag);
    this.varint(content.length);
    this.at += content.copy(this.buffer, this.at);
  }

  finish(): Buffer {
    this.buffer.write(hash('md5', this.buffer.subarray(MAGIC_BYTES, this.at), 'binary'), this.at, 'latin1');
    return this.buffer;
  }
}

/** With tag and length. */
function fieldBytes(content: number): number {
  return 1 + varintBytes(content) + content;
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) bytes += 1;
  return bytes;
}
