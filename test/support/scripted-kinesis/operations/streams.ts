import { validationError } from '../aws-error';
import type { Backend } from '../backend';
import type { JsonObject } from '../json-request';
import { optionalNumber, optionalString, requestedStream, requiredString, toEpochSeconds } from '../params';
import type { Shard } from '../shard';
import type { Stream } from '../stream';

const HOUR_MS = 60 * 60 * 1000;
const DEFAULT_DESCRIBE_LIMIT = 100;
const ON_DEMAND_SHARD_COUNT = 4;

export function createStream(backend: Backend, body: JsonObject): undefined {
  const name = requiredString(body, 'StreamName');
  if (!/^[a-zA-Z0-9_.-]{1,128}$/.test(name)) {
    throw validationError(
      `1 validation error detected: Value '${name}' at 'streamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+`,
    );
  }
  backend.createStream(name, optionalNumber(body, 'ShardCount') ?? ON_DEMAND_SHARD_COUNT);
}

export function deleteStream(backend: Backend, body: JsonObject): undefined {
  backend.deleteStream(requestedStream(backend, body).origin.name);
}

export function describeStream(backend: Backend, body: JsonObject): JsonObject {
  const stream = requestedStream(backend, body);
  const limit = optionalNumber(body, 'Limit') ?? DEFAULT_DESCRIBE_LIMIT;
  const shards = shardsAfter(stream.shards, optionalString(body, 'ExclusiveStartShardId'));
  return {
    StreamDescription: {
      ...describeCommon(stream),
      Shards: shards.slice(0, limit).map((shard) => shard.describe()),
      HasMoreShards: shards.length > limit,
    },
  };
}

export function describeStreamSummary(backend: Backend, body: JsonObject): JsonObject {
  const stream = requestedStream(backend, body);
  return {
    StreamDescriptionSummary: {
      ...describeCommon(stream),
      OpenShardCount: stream.openShards().length,
      ConsumerCount: 0,
    },
  };
}

/** By shard id, the order in which AWS lists shards. */
export function shardsAfter(shards: readonly Shard[], exclusiveStartShardId: string | undefined): Shard[] {
  const sorted = [...shards].sort((a, b) => a.index - b.index);
  if (exclusiveStartShardId === undefined) return sorted;
  return sorted.filter((shard) => shard.shardId > exclusiveStartShardId);
}

function describeCommon(stream: Stream): JsonObject {
  return {
    StreamName: stream.origin.name,
    StreamARN: stream.origin.arn,
    StreamStatus: stream.status,
    StreamModeDetails: { StreamMode: 'PROVISIONED' },
    RetentionPeriodHours: Math.max(1, Math.round(stream.retentionMs / HOUR_MS)),
    StreamCreationTimestamp: toEpochSeconds(stream.origin.createdAtMs),
    EnhancedMonitoring: [{ ShardLevelMetrics: [] }],
    EncryptionType: 'NONE',
  };
}
