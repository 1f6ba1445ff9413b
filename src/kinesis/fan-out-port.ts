import type { IteratorStart } from '../core/read-start';
import type { ChildShard, RawRecord } from './kinesis-port';

/** A registered stream consumer. */
export interface StreamConsumer {
  readonly name: string;
  readonly arn: string;
  readonly status: 'CREATING' | 'ACTIVE' | 'DELETING';
}

/** Names a stream consumer: by its own ARN where that is given. */
export interface StreamConsumerHandle {
  readonly streamArn: string;
  readonly consumerName: string;
  readonly consumerArn?: string;
}

/** One event of a subscription. */
export interface FanOutEvent {
  readonly records: readonly RawRecord[];
  readonly millisBehindLatest: number;
  /** Where the next subscription goes on; undefined at the end of a closed shard. */
  readonly continuation?: string;
  /** Only at the end of a closed shard. */
  readonly childShards: readonly ChildShard[];
}

/**
 * What Tidemark needs of Kinesis for enhanced fan-out. Errors are `TidemarkError`s as those of `KinesisPort`, and
 * `SUBSCRIPTION_TAKEN` (ResourceInUse): another subscription is less than 5 s old, or has taken this one's place.
 */
export interface FanOutPort {
  /** Undefined if there is none. */
  findConsumer(consumer: StreamConsumerHandle): Promise<StreamConsumer | undefined>;
  /** Undefined if another has registered it in the meantime. @throws `STREAM_CONSUMER_MISSING` where the stream has as many as it may */
  registerConsumer(consumer: StreamConsumerHandle): Promise<StreamConsumer | undefined>;
  /**
   * Settles when Kinesis has accepted the subscription. The events end when it has ended in order: after 5 minutes, at the shard's end, or
   * when another takes its place. `signal` ends it at any time.
   */
  subscribe(subscription: SubscriptionRequest, signal: AbortSignal): Promise<AsyncIterable<FanOutEvent>>;
}

export interface SubscriptionRequest {
  readonly consumerArn: string;
  readonly streamName: string;
  readonly shardId: string;
  readonly start: IteratorStart;
}
