import type { ServerResponse } from 'node:http';
import { AwsError } from '../../../test/support/scripted-kinesis/aws-error';
import type { JsonObject } from '../../../test/support/scripted-kinesis/json-request';
import type { RaceStream } from './race-stream';
import { Subscription } from './subscription';

interface StreamConsumer {
  readonly name: string;
  readonly arn: string;
  readonly stream: RaceStream;
  /** By shard. */
  readonly subscriptions: Map<string, Subscription>;
}

/** The stream consumers of the race's streams, and who is subscribed. */
export class StreamConsumers {
  private readonly all = new Map<string, StreamConsumer>();
  private readonly createdAtSeconds = Math.floor(Date.now() / 1_000);

  register(stream: RaceStream, { ConsumerName }: JsonObject): JsonObject {
    const name = String(ConsumerName);
    const arn = `${stream.arn}/consumer/${name}:${this.createdAtSeconds}`;
    if (this.all.has(arn)) throw new AwsError('ResourceInUseException', `${name} exists`);
    const consumer = { name, arn, stream, subscriptions: new Map<string, Subscription>() };
    this.all.set(arn, consumer);
    return { Consumer: this.describe(consumer) };
  }

  /** By its ARN, or by its name and its stream. */
  find({ ConsumerARN, ConsumerName }: JsonObject, streamOf: () => RaceStream): JsonObject {
    const arn =
      typeof ConsumerARN === 'string'
        ? ConsumerARN
        : `${streamOf().arn}/consumer/${String(ConsumerName)}:${this.createdAtSeconds}`;
    const consumer = this.consumer(arn);
    return { ConsumerDescription: { ...this.describe(consumer), StreamARN: consumer.stream.arn } };
  }

  /** Answers with the shard's events: what begins to write them. */
  subscribe({ ConsumerARN, ShardId, StartingPosition }: JsonObject): (response: ServerResponse) => void {
    const { stream, subscriptions } = this.consumer(String(ConsumerARN));
    const shardId = String(ShardId);
    const { index, shard } = stream.shard(shardId);
    if (!shard) throw new AwsError('ResourceNotFoundException', `no shard ${shardId}`);
    const known = subscriptions.get(shardId);
    if (known && !known.isReplaceable) throw new AwsError('ResourceInUseException', 'another subscription is in force');
    known?.end();
    const { Type, SequenceNumber } = StartingPosition as JsonObject;
    const first = stream.firstOrdinal(String(Type), SequenceNumber, index);
    return (response) => subscriptions.set(shardId, new Subscription(shard, first, response));
  }

  private consumer(arn: string): StreamConsumer {
    const consumer = this.all.get(arn);
    if (!consumer) throw new AwsError('ResourceNotFoundException', `no stream consumer ${arn}`);
    return consumer;
  }

  private describe({ name, arn }: StreamConsumer): JsonObject {
    return {
      ConsumerName: name,
      ConsumerARN: arn,
      ConsumerStatus: 'ACTIVE',
      ConsumerCreationTimestamp: this.createdAtSeconds,
    };
  }
}
