import { AwsError } from '../aws-error';
import type { Backend } from '../backend';
import { asksForCbor } from '../cbor';
import { jsonReply, type JsonObject, type JsonReply, type JsonRequest } from '../json-request';
import { deregisterStreamConsumer, describeStreamConsumer, registerStreamConsumer, subscribeToShard } from './fan-out';
import { getRecords } from './get-records';
import { getShardIterator } from './get-shard-iterator';
import { listShards } from './list-shards';
import { putRecord, putRecords } from './put-records';
import { mergeShards, splitShard } from './reshard';
import { createStream, deleteStream, describeStream, describeStreamSummary } from './streams';

type Operation = (backend: Backend, body: JsonObject) => JsonObject | undefined;

const TARGET_PREFIX = 'Kinesis_20131202.';

const OPERATIONS = new Map<string, Operation>([
  ['CreateStream', createStream],
  ['DeleteStream', deleteStream],
  ['DescribeStream', describeStream],
  ['DescribeStreamSummary', describeStreamSummary],
  ['ListShards', listShards],
  ['GetShardIterator', getShardIterator],
  ['GetRecords', getRecords],
  ['PutRecord', putRecord],
  ['PutRecords', putRecords],
  ['SplitShard', splitShard],
  ['MergeShards', mergeShards],
  ['RegisterStreamConsumer', registerStreamConsumer],
  ['DescribeStreamConsumer', describeStreamConsumer],
  ['DeregisterStreamConsumer', deregisterStreamConsumer],
]);

/** Executes one AWS JSON 1.1 call, or what was one in CBOR. Other encodings are refused with 415, which a client may take as "speak JSON". */
export function executeOperation(backend: Backend, request: JsonRequest): JsonReply {
  const contentType = String(request.headers['content-type'] ?? '');
  if (!contentType.startsWith('application/x-amz-json-1.1') && !asksForCbor(request)) {
    throw new AwsError('SerializationException', `Content type ${contentType} is not supported.`, 415);
  }
  if (request.target === `${TARGET_PREFIX}SubscribeToShard`) return subscribeToShard(backend, request.body);
  const operation = request.target.startsWith(TARGET_PREFIX) ? OPERATIONS.get(request.operation) : undefined;
  if (operation === undefined) throw new AwsError('UnknownOperationException', `Unknown target ${request.target}.`);
  return jsonReply(200, operation(backend, request.body));
}
