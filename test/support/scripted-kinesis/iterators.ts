import { AwsError, invalidArgument } from './aws-error';
import type { Backend } from './backend';
import { optionalNumber, requiredString } from './params';
import type { Shard } from './shard';
import type { Stream } from './stream';
import { openToken, sealToken } from './tokens';

const ITERATOR_LIFE_MS = 300_000;

export interface IteratorPosition {
  stream: Stream;
  shard: Shard;
  /** Reading goes on with the first kept record at or after this ordinal. */
  fromOrdinal: number;
}

export function sealIterator(stream: Stream, shard: Shard, fromOrdinal: number, nowMs: number): string {
  const { name, incarnation } = stream.origin;
  return sealToken('shard-iterator', {
    stream: name,
    incarnation,
    shard: shard.shardId,
    fromOrdinal,
    issuedAtMs: nowMs,
  });
}

/**
 * Throws ExpiredIteratorException after 300 s, ResourceNotFoundException when stream or shard are gone, and
 * InvalidArgumentException when the stream has been created anew.
 */
export function openIterator(backend: Backend, iterator: string): IteratorPosition {
  const content = openToken('shard-iterator', iterator);
  if (content === undefined) throw invalidArgument('Invalid ShardIterator.');
  refuseExpired(optionalNumber(content, 'issuedAtMs') ?? 0, backend.nowMs());
  const stream = backend.stream(requiredString(content, 'stream'));
  if (stream.origin.incarnation !== content['incarnation']) {
    throw invalidArgument('Invalid ShardIterator. It did not come from this stream.');
  }
  const shard = stream.shard(requiredString(content, 'shard'));
  return { stream, shard, fromOrdinal: optionalNumber(content, 'fromOrdinal') ?? 0 };
}

function refuseExpired(issuedAtMs: number, nowMs: number): void {
  if (nowMs - issuedAtMs <= ITERATOR_LIFE_MS) return;
  throw new AwsError(
    'ExpiredIteratorException',
    `Iterator expired. The iterator was created at time ${new Date(issuedAtMs).toUTCString()} while right now it is ` +
      `${new Date(nowMs).toUTCString()} which is further in the future than the tolerated delay of ${ITERATOR_LIFE_MS} milliseconds.`,
  );
}
