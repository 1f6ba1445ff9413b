import type { ServerResponse } from 'node:http';

import { AwsError, notFound } from './aws-error';
import { ACCOUNT_ID, Stream } from './stream';
import { StreamConsumers, type ScriptedConsumer } from './stream-consumers';
import { AWS_RULES, Subscription, type SubscriptionPlace, type SubscriptionRules } from './subscription';

export interface BackendOptions {
  /** Clock in epoch milliseconds; default: the machine's. */
  now?: () => number;
  /** Shards per ListShards page at most; default 1,000 as on AWS. */
  listShardsPageSize?: number;
  /** Retention of new streams; default 24 h. */
  retentionMs?: number;
  /**
   * Whether the page that ends a closed shard may carry records (default) or comes alone, after them.
   * AWS documents neither, so a consumer must stand both.
   */
  shardEndWithRecords?: boolean;
  /** Where subscriptions are to differ from those of AWS. */
  subscriptions?: Partial<SubscriptionRules>;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const REGION = 'us-east-1';

/** All streams and the clock they live by. */
export class Backend {
  readonly listShardsPageSize: number;
  readonly shardEndWithRecords: boolean;
  readonly consumers = new StreamConsumers();
  readonly subscriptionRules: SubscriptionRules;
  /** Every subscription that was accepted, oldest first. */
  readonly subscriptions: Subscription[] = [];
  private readonly retentionMs: number;
  private readonly streams = new Map<string, Stream>();
  private readonly lastCreatedAtMs = new Map<string, number>();
  private incarnations = 0;
  private clock: () => number;

  constructor(options: BackendOptions) {
    this.clock = options.now ?? Date.now;
    this.listShardsPageSize = options.listShardsPageSize ?? 1000;
    this.retentionMs = options.retentionMs ?? DAY_MS;
    this.shardEndWithRecords = options.shardEndWithRecords ?? true;
    this.subscriptionRules = { ...AWS_RULES, ...options.subscriptions };
  }

  nowMs(): number {
    return this.clock();
  }

  /** A number stops the clock there; a function replaces it. */
  setClock(clock: number | (() => number)): void {
    this.clock = typeof clock === 'number' ? () => clock : clock;
  }

  advanceClock(ms: number): void {
    const before = this.clock;
    this.clock = () => before() + ms;
  }

  createStream(name: string, shardCount: number): Stream {
    if (this.streams.has(name)) {
      throw new AwsError('ResourceInUseException', `Stream ${name} under account ${ACCOUNT_ID} already exists.`);
    }
    const stream = new Stream(
      {
        name,
        arn: `arn:aws:kinesis:${REGION}:${ACCOUNT_ID}:stream/${name}`,
        incarnation: ++this.incarnations,
        createdAtMs: this.newCreationTimeMs(name),
      },
      this.retentionMs,
    );
    stream.addEvenShards(shardCount, this.nowMs());
    this.streams.set(name, stream);
    return stream;
  }

  deleteStream(name: string): void {
    const stream = this.stream(name);
    this.streams.delete(stream.origin.name);
    for (const { place } of this.subscriptions) if (place.stream === stream) this.deregister(place.consumer);
  }

  /** The stream with what retention has taken already gone. */
  stream(name: string): Stream {
    const stream = this.unexpiredStream(name);
    stream.expire(this.nowMs());
    return stream;
  }

  /** The stream as it is; spares puts a walk over all shards. */
  unexpiredStream(name: string): Stream {
    const stream = this.streams.get(name);
    if (stream === undefined) throw notFound(`Stream ${name} under account ${ACCOUNT_ID} not found.`);
    return stream;
  }

  deregister(consumer: ScriptedConsumer): void {
    consumer.status = 'DELETING';
    this.consumers.deregister(consumer);
  }

  /** Ends the subscription in force, unless it is too young. */
  makeRoomFor({ consumer, shard }: SubscriptionPlace): void {
    const inForce = this.subscriptions.filter(({ place, isOver }) => place.consumer === consumer && !isOver);
    const latest = this.subscriptions.findLast(({ place }) => place.consumer === consumer && place.shard === shard);
    if (latest && performance.now() - latest.startedAt < this.subscriptionRules.refusedForMs)
      throw new AwsError('ResourceInUseException', 'Another active subscription exists for this consumer.');
    inForce
      .find(({ place }) => place.shard === shard)
      ?.fail('ResourceInUseException', 'Another subscription took over.');
  }

  subscribe(place: SubscriptionPlace, response: ServerResponse): void {
    this.subscriptions.push(new Subscription(place, this.subscriptionRules, () => this.nowMs(), response));
  }

  /** Never the same twice for a name, even while the clock stands still. */
  private newCreationTimeMs(name: string): number {
    const createdAtMs = Math.max(this.nowMs(), (this.lastCreatedAtMs.get(name) ?? -Infinity) + 1);
    this.lastCreatedAtMs.set(name, createdAtMs);
    return createdAtMs;
  }
}
