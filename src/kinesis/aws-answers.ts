import type * as Sdk from '@aws-sdk/client-kinesis';

import { TidemarkError } from '../core/errors';
import type { Shard } from '../core/shard-graph';
import type { StreamDescription } from './kinesis-port';

const HOUR_MS = 3_600_000;

/** The SDK's answers in the terms of the port. A part that the port promises and the answer lacks is an `INVALID_ANSWER`. */
export function toStreamDescription(
  summary: Sdk.StreamDescriptionSummary | undefined,
  serviceNowMs: number,
): StreamDescription {
  const operation = 'DescribeStreamSummary';
  return {
    streamName: present(summary?.StreamName, operation, 'StreamName'),
    streamArn: present(summary?.StreamARN, operation, 'StreamARN'),
    createdAtMs: present(summary?.StreamCreationTimestamp, operation, 'StreamCreationTimestamp').getTime(),
    status: present(summary?.StreamStatus, operation, 'StreamStatus'),
    retentionMs: present(summary?.RetentionPeriodHours, operation, 'RetentionPeriodHours') * HOUR_MS,
    serviceNowMs,
  };
}

export function toShard(shard: Sdk.Shard): Shard {
  return {
    shardId: present(shard.ShardId, 'ListShards', 'ShardId'),
    parentShardId: shard.ParentShardId || undefined,
    adjacentParentShardId: shard.AdjacentParentShardId || undefined,
    startingHashKey: shard.HashKeyRange?.StartingHashKey,
    endingHashKey: shard.HashKeyRange?.EndingHashKey,
    isClosed: Boolean(shard.SequenceNumberRange?.EndingSequenceNumber),
  };
}

function present<T>(value: T | undefined, operation: string, field: string): T {
  if (value === undefined) throw new TidemarkError('INVALID_ANSWER', `Kinesis answered ${operation} without ${field}`);
  return value;
}
