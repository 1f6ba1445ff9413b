/**
 * The aggregate format of the Kinesis Producer Library, read: magic, a protobuf message, its MD5. The message, with its field numbers:
 * `AggregatedRecord { repeated string partition_key_table = 1; repeated string explicit_hash_key_table = 2; repeated Record records = 3 }`,
 * `Record { required uint64 partition_key_index = 1; optional uint64 explicit_hash_key_index = 2; required bytes data = 3; tags = 4 }`.
 */
import { hash } from 'node:crypto';

/** One record as its producer put it, before it was aggregated. */
export interface UserRecord {
  readonly partitionKey: string;
  /** Decimal string. */
  readonly explicitHashKey?: string;
  /** A view of the aggregate. */
  readonly data: Uint8Array;
}

export const AGGREGATE_MAGIC = 0xf3_89_9a_c2;
export const MAGIC_BYTES = 4;
export const DIGEST_BYTES = 16;

/** Whether it is worth a closer look. */
export function looksAggregated(data: Uint8Array): boolean {
  return (
    data.byteLength > MAGIC_BYTES + DIGEST_BYTES &&
    data[0] === 0xf3 &&
    data[1] === 0x89 &&
    data[2] === 0x9a &&
    data[3] === 0xc2
  );
}

/**
 * The user records of an aggregate, in order; undefined if the bytes are none: then they are the payload of an ordinary record. All of it
 * must be right: an aggregate of which only a part can be read would lose the rest.
 */
export function readAggregate(data: Uint8Array): UserRecord[] | undefined {
  if (!looksAggregated(data)) return undefined;
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const end = bytes.length - DIGEST_BYTES;
  const message = bytes.subarray(MAGIC_BYTES, end);
  if (hash('md5', message, 'binary') !== bytes.toString('latin1', end)) return undefined;
  try {
    return new AggregateReader(message).read();
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

class Malformed extends Error {}

/** A decimal number, as wide as the largest hash key; KCL cannot read anything else. */
const HASH_KEY = /^\d{1,39}$/;

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

class AggregateReader {
  private at = 0;
  private readonly partitionKeys: string[] = [];
  private readonly explicitHashKeys: string[] = [];
  /** Start and end of each record. */
  private readonly spans: number[] = [];

  constructor(private readonly bytes: Buffer) {}

  /** Tables may stand behind the records that point into them. */
  read(): UserRecord[] {
    const { bytes, spans } = this;
    while (this.at < bytes.length) {
      const tag = this.varint(bytes.length);
      if (tag === 0x0a) this.partitionKeys.push(this.text());
      else if (tag === 0x12) this.explicitHashKeys.push(this.text());
      else if (tag === 0x1a) {
        const end = this.endOfBytes(bytes.length);
        spans.push(this.at, end);
        this.at = end;
      } else this.skip(tag, bytes.length);
    }
    const records: UserRecord[] = [];
    for (let index = 0; index < spans.length; index += 2)
      records.push(this.record(spans[index] ?? 0, spans[index + 1] ?? 0));
    return records;
  }

  private record(start: number, end: number): UserRecord {
    let keyIndex = -1;
    let hashKeyIndex = -1;
    let data: Uint8Array | undefined;
    this.at = start;
    while (this.at < end) {
      const tag = this.varint(end);
      if (tag === 0x08) keyIndex = this.varint(end);
      else if (tag === 0x10) hashKeyIndex = this.varint(end);
      else if (tag === 0x1a) {
        const to = this.endOfBytes(end);
        data = this.bytes.subarray(this.at, to);
        this.at = to;
      } else this.skip(tag, end);
    }
    const partitionKey = this.partitionKeys[keyIndex];
    if (partitionKey === undefined || data === undefined) throw new Malformed();
    if (hashKeyIndex < 0) return { partitionKey, data };
    const explicitHashKey = this.explicitHashKeys[hashKeyIndex];
    if (explicitHashKey === undefined || !HASH_KEY.test(explicitHashKey)) throw new Malformed();
    return { partitionKey, explicitHashKey, data };
  }

  private text(): string {
    const end = this.endOfBytes(this.bytes.length);
    const text = this.bytes.toString('utf8', this.at, end);
    this.at = end;
    return text;
  }

  /** Reads a length; gives where what follows ends. */
  private endOfBytes(limit: number): number {
    const length = this.varint(limit);
    const end = this.at + length;
    if (!(end <= limit)) throw new Malformed();
    return end;
  }

  /** A number of up to ten bytes. Above 2^53 it is not exact, but then it is neither a length nor an index nor a tag. */
  private varint(limit: number): number {
    const { bytes } = this;
    let value = 0;
    let factor = 1;
    for (let count = 0; count < 10 && this.at < limit; count += 1) {
      const byte = bytes[this.at++] ?? 0;
      if (byte < 0x80) return value + byte * factor;
      value += (byte & 0x7f) * factor;
      factor *= 128;
    }
    throw new Malformed();
  }

  /** A field that is unknown, or of another type than it should have. */
  private skip(tag: number, limit: number): void {
    if (!(tag >= 8 && tag <= 0xffff_ffff)) throw new Malformed();
    const type = tag % 8;
    if (type === VARINT) this.varint(limit);
    else if (type === BYTES) this.at = this.endOfBytes(limit);
    else if (type === FIXED64) this.at += 8;
    else if (type === FIXED32) this.at += 4;
    else throw new Malformed();
    if (this.at > limit) throw new Malformed();
  }
}
