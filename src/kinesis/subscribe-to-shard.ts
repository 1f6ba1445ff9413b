import type { ClientHttp2Stream } from 'node:http2';
import { SubscribeToShardCommand, type KinesisClient, type StartingPosition } from '@aws-sdk/client-kinesis';
import { TidemarkError } from '../core/errors';
import type { IteratorStart } from '../core/read-start';
import type { SubscriptionRequest } from './fan-out-port';

type Body = AsyncIterable<Uint8Array> & Partial<Pick<ClientHttp2Stream, 'session' | 'readableEnded'>>;

interface RawResponse {
  readonly statusCode: number;
  body: Body;
}

/**
 * SubscribeToShard with its events as they are on the wire. Everything before is the SDK's: signing, credentials, connection, errors. A
 * middleware next to the wire takes the body of a success and leaves the SDK's decoder an empty one: that decoder would keep back the answer
 * until the first event, and checks each payload's base64 by a regular expression, which costs most of the time.
 */
export async function subscribeToShard(
  client: KinesisClient,
  { consumerArn, shardId, start }: SubscriptionRequest,
  abortSignal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const command = new SubscribeToShardCommand({
    ConsumerARN: consumerArn,
    ShardId: shardId,
    StartingPosition: toStartingPosition(start),
  });
  let body: Body | undefined;
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      if (isSuccess(result.response)) {
        body = result.response.body;
        result.response.body = nothing();
      }
      return result;
    },
    { step: 'deserialize', priority: 'low', name: 'tidemarkEventStream' },
  );
  await client.send(command, { abortSignal });
  if (!body) throw new TidemarkError('INVALID_ANSWER', 'Kinesis answered SubscribeToShard with nothing');
  // A subscription that nobody reads from must not keep the process alive.
  body.session?.unref();
  return untilItsEnd(body);
}

/** Node ends the loop over a body whose connection has broken as if it were whole. */
async function* untilItsEnd(body: Body): AsyncGenerator<Uint8Array> {
  yield* body;
  if (body.readableEnded === false)
    throw Object.assign(new Error('The stream was cut off'), { code: 'ERR_HTTP2_STREAM_CANCEL' });
}

function toStartingPosition(start: IteratorStart): StartingPosition {
  switch (start.type) {
    case 'TRIM_HORIZON':
      return { Type: start.type };
    case 'AT_TIMESTAMP':
      return { Type: start.type, Timestamp: new Date(start.timestampMs) };
    case 'AT_SEQUENCE_NUMBER':
    case 'AFTER_SEQUENCE_NUMBER':
      return { Type: start.type, SequenceNumber: start.sequenceNumber };
  }
}

function isSuccess(response: unknown): response is RawResponse {
  if (typeof response !== 'object' || response === null || !('statusCode' in response) || !('body' in response))
    return false;
  const { statusCode, body } = response;
  return statusCode === 200 && typeof body === 'object' && body !== null && Symbol.asyncIterator in body;
}

function nothing(): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }),
  };
}
