import {
  DescribeStreamConsumerCommand,
  RegisterStreamConsumerCommand,
  type Consumer,
  type KinesisClient,
} from '@aws-sdk/client-kinesis';

import { translateAwsError } from '../aws/translate-error';
import { TidemarkError } from '../core/errors';
import { readEvents } from './fan-out-event';
import type {
  FanOutEvent,
  FanOutPort,
  StreamConsumer,
  StreamConsumerHandle,
  SubscriptionRequest,
} from './fan-out-port';
import { subscribeToShard } from './subscribe-to-shard';

/** Enhanced fan-out through the AWS SDK. `http2` is the client that subscribes; the other one does the rest. */
export class AwsFanOut implements FanOutPort {
  constructor(
    private readonly client: KinesisClient,
    private readonly http2: KinesisClient,
  ) {}

  async findConsumer(handle: StreamConsumerHandle): Promise<StreamConsumer | undefined> {
    const { consumerArn, streamArn, consumerName } = handle;
    const named =
      consumerArn === undefined ? { StreamARN: streamArn, ConsumerName: consumerName } : { ConsumerARN: consumerArn };
    try {
      const answer = await this.client.send(new DescribeStreamConsumerCommand(named));
      return toStreamConsumer(answer.ConsumerDescription, 'DescribeStreamConsumer');
    } catch (error) {
      if (nameOf(error) === 'ResourceNotFoundException') return undefined;
      throw translate(error, 'DescribeStreamConsumer', contextOf(handle));
    }
  }

  async registerConsumer(handle: StreamConsumerHandle): Promise<StreamConsumer | undefined> {
    const { streamArn, consumerName } = handle;
    try {
      const command = new RegisterStreamConsumerCommand({ StreamARN: streamArn, ConsumerName: consumerName });
      return toStreamConsumer((await this.client.send(command)).Consumer, 'RegisterStreamConsumer');
    } catch (error) {
      if (nameOf(error) === 'ResourceInUseException') return undefined;
      if (nameOf(error) !== 'LimitExceededException')
        throw translate(error, 'RegisterStreamConsumer', contextOf(handle));
      throw new TidemarkError('STREAM_CONSUMER_MISSING', 'The stream takes no further stream consumer at this moment', {
        context: contextOf(handle),
        hint: 'A stream has 20 stream consumers, and 5 at most that are being created: deregister one that nobody needs.',
      });
    }
  }

  async subscribe(request: SubscriptionRequest, signal: AbortSignal): Promise<AsyncIterable<FanOutEvent>> {
    const { streamName, shardId, start } = request;
    const context = {
      stream: streamName,
      shard: shardId,
      ...('sequenceNumber' in start ? { sequenceNumber: start.sequenceNumber } : {}),
      ...('timestampMs' in start ? { startTime: new Date(start.timestampMs).toISOString() } : {}),
    };
    try {
      return translated(readEvents(await subscribeToShard(this.http2, request, signal)), context);
    } catch (error) {
      throw translateSubscription(error, context);
    }
  }
}

type Context = Readonly<Record<string, string | undefined>>;

async function* translated(events: AsyncIterable<FanOutEvent>, context: Context): AsyncGenerator<FanOutEvent> {
  try {
    yield* events;
  } catch (error) {
    throw translateSubscription(error, context);
  }
}

function translateSubscription(error: unknown, context: Context): TidemarkError {
  if (error instanceof TidemarkError) return error;
  if (nameOf(error) !== 'ResourceInUseException') return translate(error, 'SubscribeToShard', context);
  return new TidemarkError('SUBSCRIPTION_TAKEN', 'Another subscription to this shard is in force', { context });
}

function translate(error: unknown, operation: string, context: Context): TidemarkError {
  return translateAwsError(error, { service: 'Kinesis', operation, context });
}

function contextOf({ streamArn, consumerName, consumerArn }: StreamConsumerHandle): Context {
  return consumerArn === undefined
    ? { stream: streamArn, streamConsumer: consumerName }
    : { streamConsumer: consumerArn };
}

function toStreamConsumer(consumer: Consumer | undefined, operation: string): StreamConsumer {
  const { ConsumerName: name, ConsumerARN: arn, ConsumerStatus: status } = consumer ?? {};
  if (name === undefined || arn === undefined || status === undefined)
    throw new TidemarkError('INVALID_ANSWER', `Kinesis answered ${operation} without a stream consumer`);
  return { name, arn, status };
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : '';
}
