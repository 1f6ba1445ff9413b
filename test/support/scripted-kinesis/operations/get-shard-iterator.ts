import { invalidArgument, validationError } from '../aws-error';
import type { Backend } from '../backend';
import { sealIterator } from '../iterators';
import type { JsonObject } from '../json-request';
import { missing, optionalTimeMs, requestedStream, requiredString } from '../params';
import type { Shard } from '../shard';
import type { Stream } from '../stream';

export function getShardIterator(backend: Backend, body: JsonObject): JsonObject {
  const stream = requestedStream(backend, body);
  const shard = stream.shard(requiredString(body, 'ShardId'));
  const fromOrdinal = startingOrdinal(stream, shard, body, backend.nowMs());
  return { ShardIterator: sealIterator(stream, shard, fromOrdinal, backend.nowMs()) };
}

/** Every type is resolved here, once: a LATEST iterator does not move with the tip. */
export function startingOrdinal(stream: Stream, shard: Shard, body: JsonObject, nowMs: number): number {
  const type = requiredString(body, 'ShardIteratorType');
  switch (type) {
    case 'TRIM_HORIZON':
      return 0;
    case 'LATEST':
      return stream.nextOrdinal;
    case 'AT_SEQUENCE_NUMBER':
      return stream.ordinalIn(shard, sequenceNumberParam(body));
    case 'AFTER_SEQUENCE_NUMBER':
      return stream.ordinalIn(shard, sequenceNumberParam(body)) + 1;
    case 'AT_TIMESTAMP':
      return ordinalAtTime(stream, shard, body, nowMs);
    default:
      throw validationError(
        `1 validation error detected: Value '${type}' at 'shardIteratorType' failed to satisfy constraint: Member must satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON]`,
      );
  }
}

function sequenceNumberParam(body: JsonObject): string {
  const sequenceNumber = requiredString(body, 'StartingSequenceNumber');
  if (/^(0|[1-9]\d{0,128})$/.test(sequenceNumber)) return sequenceNumber;
  throw validationError(
    `1 validation error detected: Value '${sequenceNumber}' at 'startingSequenceNumber' failed to satisfy constraint: Member must satisfy regular expression pattern: 0|([1-9]\\d{0,128})`,
  );
}

function ordinalAtTime(stream: Stream, shard: Shard, body: JsonObject, nowMs: number): number {
  const timeMs = optionalTimeMs(body, 'Timestamp');
  if (timeMs === undefined) throw missing('Timestamp');
  if (timeMs > nowMs) {
    throw invalidArgument(
      `The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. timestampInMillis: ${timeMs}, currentTimestampInMillis: ${nowMs}`,
    );
  }
  return shard.records.find((record) => record.arrivalMs >= timeMs)?.ordinal ?? stream.nextOrdinal;
}
