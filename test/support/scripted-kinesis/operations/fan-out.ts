import { AwsError, validationError } from '../aws-error';
import type { Backend } from '../backend';
import type { JsonObject, JsonReply } from '../json-request';
import { optionalObject, optionalString, requestedStream, requiredString, toEpochSeconds } from '../params';
import type { ScriptedConsumer } from '../stream-consumers';
import { startingOrdinal } from './get-shard-iterator';

export function registerStreamConsumer(backend: Backend, body: JsonObject): JsonObject {
  const stream = requestedStream(backend, body);
  const consumer = backend.consumers.register(stream, requiredString(body, 'ConsumerName'), backend.nowMs());
  return { Consumer: describe(consumer) };
}

export function describeStreamConsumer(backend: Backend, body: JsonObject): JsonObject {
  const consumer = named(backend, body);
  return { ConsumerDescription: { ...describe(consumer), StreamARN: consumer.stream.origin.arn } };
}

export function deregisterStreamConsumer(backend: Backend, body: JsonObject): undefined {
  backend.deregister(named(backend, body));
}

/** Answers with a stream of events: it takes over from a subscription that is older than 5 s. */
export function subscribeToShard(backend: Backend, body: JsonObject): JsonReply {
  const consumer = backend.consumers.findByArn(requiredString(body, 'ConsumerARN'));
  if (consumer.status !== 'ACTIVE')
    throw new AwsError('ResourceInUseException', `Consumer ${consumer.arn} is ${consumer.status}.`);
  const stream = backend.stream(consumer.stream.origin.name);
  if (stream !== consumer.stream) throw new AwsError('ResourceNotFoundException', 'The stream is gone.');
  const shard = stream.shard(requiredString(body, 'ShardId'));
  const position = optionalObject(body, 'StartingPosition');
  if (position === undefined) throw validationError('StartingPosition must not be null');
  const start = {
    ShardIteratorType: position['Type'],
    StartingSequenceNumber: position['SequenceNumber'],
    Timestamp: position['Timestamp'],
  };
  const fromOrdinal = startingOrdinal(stream, shard, start, backend.nowMs());
  const place = { consumer, stream, shard, fromOrdinal };
  backend.makeRoomFor(place);
  return {
    status: 200,
    headers: { 'content-type': 'application/vnd.amazon.eventstream' },
    body: Buffer.alloc(0),
    stream: (response) => backend.subscribe(place, response),
  };
}

function named(backend: Backend, body: JsonObject): ScriptedConsumer {
  const arn = optionalString(body, 'ConsumerARN');
  if (arn !== undefined) return backend.consumers.findByArn(arn);
  return backend.consumers.find(requestedStream(backend, body), requiredString(body, 'ConsumerName'));
}

function describe({ name, arn, status, createdAtMs }: ScriptedConsumer): JsonObject {
  return {
    ConsumerName: name,
    ConsumerARN: arn,
    ConsumerStatus: status,
    ConsumerCreationTimestamp: toEpochSeconds(createdAtMs),
  };
}
