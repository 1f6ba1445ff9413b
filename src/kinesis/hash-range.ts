import { hash } from 'node:crypto';
import type { Shard } from '../core/shard-graph';

const HEX_DIGITS = 32;
const MAX_HASH_KEY = (1n << 128n) - 1n;
/** Keys repeat. What is remembered of them must not grow with the stream. */
const MAX_REMEMBERED = 10_000;

/** What decides into which shard Kinesis puts a record. */
export interface Keys {
  readonly partitionKey: string;
  /** Decimal string. */
  readonly explicitHashKey?: string;
}

/** The hash keys of one shard, which never change. */
export class HashRange {
  private readonly from: string;
  private readonly to: string;
  private readonly isWhole: boolean;
  private remembered = new Map<string, boolean>();

  /** Smallest and largest hash key, both of the shard. */
  constructor(
    private readonly start: bigint,
    private readonly end: bigint,
  ) {
    this.from = hex(start);
    this.to = hex(end);
    this.isWhole = start === 0n && end === MAX_HASH_KEY;
  }

  /** Undefined where the endpoint does not say what the range is. */
  static of({ startingHashKey, endingHashKey }: Shard): HashRange | undefined {
    if (startingHashKey === undefined || endingHashKey === undefined) return undefined;
    return new HashRange(BigInt(startingHashKey), BigInt(endingHashKey));
  }

  holds({ partitionKey, explicitHashKey }: Keys): boolean {
    if (this.isWhole) return true;
    if (explicitHashKey !== undefined) {
      const hashKey = BigInt(explicitHashKey);
      return hashKey >= this.start && hashKey <= this.end;
    }
    const known = this.remembered.get(partitionKey);
    if (known !== undefined) return known;
    const hashKey = hash('md5', partitionKey);
    const isHeld = hashKey >= this.from && hashKey <= this.to;
    if (this.remembered.size >= MAX_REMEMBERED) this.remembered = new Map();
    this.remembered.set(partitionKey, isHeld);
    return isHeld;
  }
}

/** The hash key of a record, decimal. */
export function hashKeyOf({ partitionKey, explicitHashKey }: Keys): string {
  return explicitHashKey ?? BigInt(`0x${hash('md5', partitionKey)}`).toString();
}

function hex(value: bigint): string {
  return value.toString(16).padStart(HEX_DIGITS, '0');
}
