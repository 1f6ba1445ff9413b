import { createHash } from 'node:crypto';

export interface HashKeyRange {
  readonly start: bigint;
  /** Inclusive. */
  readonly end: bigint;
}

export const MAX_HASH_KEY = (1n << 128n) - 1n;

export function hashKeyOf(partitionKey: string): bigint {
  return BigInt(`0x${createHash('md5').update(partitionKey, 'utf8').digest('hex')}`);
}

/** The whole key space in `count` equal parts; the last one takes the remainder. */
export function evenRanges(count: number): HashKeyRange[] {
  const width = (MAX_HASH_KEY + 1n) / BigInt(count);
  return Array.from({ length: count }, (_, index) => ({
    start: width * BigInt(index),
    end: index === count - 1 ? MAX_HASH_KEY : width * BigInt(index + 1) - 1n,
  }));
}

export function rangeMidpoint(range: HashKeyRange): bigint {
  return range.start + (range.end - range.start) / 2n + 1n;
}
