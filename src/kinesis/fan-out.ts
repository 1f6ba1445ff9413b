import type { ResolvedFanOut } from '../core/fan-out-options';
import type { ShardIdentity } from '../core/names';
import type { Position } from '../core/positions';
import type { IteratorStart } from '../core/read-start';
import { SILENCE_MS } from './before-silence';
import type { FanOutPort } from './fan-out-port';
import { FanOutReader, type FanOutReaderEnvironment } from './fan-out-reader';
import { ShardFeed, type FeedEnvironment } from './shard-feed';
import { StreamConsumerWatch } from './stream-consumer-watch';

export type SliceEnvironment = Omit<FanOutReaderEnvironment, 'consumer'> &
  Omit<FeedEnvironment, 'port' | 'consumer' | 'monotonicMs' | 'silenceMs'> & {
    readonly onRegistered: (arn: string) => void;
  };

/** Where a slice begins to read. */
export interface FeedStart {
  readonly shard: ShardIdentity;
  readonly position: Position;
  readonly start: IteratorStart;
}

export interface FanOutWorld {
  readonly closePort?: () => void;
  readonly monotonicMs?: () => number;
  /** How long a subscription may be silent. */
  readonly silenceMs?: number;
}

/** Enhanced fan-out of one consumer in one process: its stream consumers, and the subscriptions that are in force. */
export class FanOut {
  private readonly consumers = new Map<string, StreamConsumerWatch>();
  private readonly feeds = new Map<string, ShardFeed>();

  constructor(
    private readonly port: FanOutPort,
    private readonly options: ResolvedFanOut,
    private readonly world: FanOutWorld = {},
  ) {}

  get isPollingAllowed(): boolean {
    return this.options.whenGone === 'poll';
  }

  /** A reader from this position on; undefined while there is no stream consumer and polling is to do. */
  read(environment: SliceEnvironment, { shard, position, start }: FeedStart): FanOutReader | undefined {
    const consumer = this.consumerOf(shard, environment.onRegistered);
    if (consumer.isMissing && this.isPollingAllowed) return undefined;
    const { port, monotonicMs } = this;
    const { silenceMs = SILENCE_MS } = this.world;
    const world = { ...environment, port, consumer, monotonicMs, silenceMs };
    const key = `${keyOf(shard)}/${shard.shardId}`;
    const known = this.feeds.get(key);
    const feed = known?.buffer.canResume(position) ? known : new ShardFeed(world, shard, position, start);
    if (known && known !== feed) feed.follow(known);
    feed.environment = world;
    feed.onClosed = () => {
      if (this.feeds.get(key) === feed) this.feeds.delete(key);
    };
    feed.onRoused = () => {
      if (!this.feeds.has(key)) this.feeds.set(key, feed);
    };
    this.feeds.set(key, feed);
    return new FanOutReader(world, feed, shard.shardId, position);
  }

  /** Whether there was no stream consumer a short time ago. */
  isMissing(shard: ShardIdentity): boolean {
    return this.consumers.get(keyOf(shard))?.isMissing ?? false;
  }

  /** Ends every subscription. */
  close(): void {
    for (const feed of [...this.feeds.values()]) feed.close();
    this.world.closePort?.();
  }

  private get monotonicMs(): () => number {
    return this.world.monotonicMs ?? (() => performance.now());
  }

  private consumerOf(stream: ShardIdentity, onRegistered: (arn: string) => void): StreamConsumerWatch {
    const key = keyOf(stream);
    const { port, options, monotonicMs } = this;
    const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
    const { consumerName, consumerArn } = options;
    const watch =
      this.consumers.get(key) ??
      new StreamConsumerWatch(
        { port, options, sleep, monotonicMs, onRegistered },
        { streamArn: stream.streamArn, consumerName, ...(consumerArn === undefined ? {} : { consumerArn }) },
      );
    this.consumers.set(key, watch);
    return watch;
  }
}

/** A stream that was created anew has other stream consumers. */
function keyOf({ streamArn, createdAtMs }: ShardIdentity): string {
  return `${streamArn}@${createdAtMs}`;
}
