import { AwsError } from '../aws-error';
import type { Backend } from '../backend';
import type { JsonObject } from '../json-request';
import { requestedStream, requiredString } from '../params';
import { ACCOUNT_ID, type Stream } from '../stream';

export function splitShard(backend: Backend, body: JsonObject): undefined {
  const stream = activeStream(backend, body);
  const newStartingHashKey = BigInt(requiredString(body, 'NewStartingHashKey'));
  stream.split(requiredString(body, 'ShardToSplit'), backend.nowMs(), newStartingHashKey);
}

export function mergeShards(backend: Backend, body: JsonObject): undefined {
  const stream = activeStream(backend, body);
  stream.merge(requiredString(body, 'ShardToMerge'), requiredString(body, 'AdjacentShardToMerge'), backend.nowMs());
}

function activeStream(backend: Backend, body: JsonObject): Stream {
  const stream = requestedStream(backend, body);
  if (stream.status === 'ACTIVE') return stream;
  throw new AwsError(
    'ResourceInUseException',
    `Stream ${stream.origin.name} under account ${ACCOUNT_ID} not ACTIVE, instead in state ${stream.status}`,
  );
}
