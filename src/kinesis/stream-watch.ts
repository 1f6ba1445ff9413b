import { TidemarkError, codeOf } from '../core/errors';
import type { StreamIncarnation } from '../core/names';
import { childrenOf } from '../core/shard-graph';
import { HashRange } from './hash-range';
import type { KinesisPort, StreamDescription } from './kinesis-port';

/** Shortest time between two DescribeStreamSummary calls of one process: AWS allows 20 a second per account. */
const MIN_CALL_INTERVAL_MS = 250;

/**
 * What a process knows of one stream incarnation. Shards ask often and at the same time, so their calls are joined.
 */
export class StreamWatch {
  private latest: { description: StreamDescription; startedAt: number } | undefined;
  private lastCallAt = -Infinity;
  private running: Promise<unknown> = Promise.resolve();
  private underway: Promise<StreamDescription> | undefined;
  private queued: Promise<StreamDescription> | undefined;
  private readonly hashRanges = new Map<string, HashRange | undefined>();
  private listing: Promise<void> | undefined;

  constructor(
    private readonly kinesis: KinesisPort,
    private readonly stream: StreamIncarnation,
    private readonly monotonicMs: () => number = () => performance.now(),
  ) {}

  /** A description at most `maxAgeMs` old. @throws `STREAM_DELETED`, `STREAM_RECREATED`, and what `describeStream` throws */
  async recent(maxAgeMs: number): Promise<StreamDescription> {
    const now = this.monotonicMs();
    if (this.latest && now - this.latest.startedAt <= maxAgeMs) return this.latest.description;
    // All shards of a worker that takes over ask at once: behind the first one they would wait for a call of their own.
    if (this.underway && now - this.lastCallAt <= maxAgeMs) return this.underway;
    return this.fresh();
  }

  /** A description that was asked for after this call: what was read before it belongs to this incarnation. */
  async fresh(): Promise<StreamDescription> {
    this.queued ??= this.callAfter(this.running);
    return this.queued;
  }

  /** The children of a closed shard, where GetRecords did not name them; undefined if the shard is not closed, or has none. */
  async confirmShardEnd(shardId: string): Promise<string[] | undefined> {
    const shards = await this.kinesis.listShards(this.stream);
    const isClosed = shards.find((shard) => shard.shardId === shardId)?.isClosed ?? false;
    const children = childrenOf(shardId, shards).map((child) => child.shardId);
    if (!isClosed || children.length === 0) return undefined;
    // Shard ids repeat: the listing must not be that of another stream of the same name.
    await this.fresh();
    return children;
  }

  /** Hash keys of a shard; undefined where the stream no longer lists it, or the endpoint does not tell them. */
  async hashRangeOf(shardId: string): Promise<HashRange | undefined> {
    if (!this.hashRanges.has(shardId)) {
      this.listing ??= this.listHashRanges().finally(() => (this.listing = undefined));
      await this.listing;
    }
    return this.hashRanges.get(shardId);
  }

  private async listHashRanges(): Promise<void> {
    const shards = await this.kinesis.listShards(this.stream);
    await this.fresh();
    for (const shard of shards) this.hashRanges.set(shard.shardId, HashRange.of(shard));
  }

  /**
   * Why Kinesis does not know a shard it was asked for: never because it has ended.
   * @throws `STREAM_DELETED`, `STREAM_RECREATED` or `SHARD_NOT_FOUND`; returns if stream and shard are there after all
   */
  async explainMissing(shardId: string): Promise<void> {
    await this.fresh();
    const shards = await this.kinesis.listShards(this.stream);
    if (shards.some((shard) => shard.shardId === shardId)) return;
    throw new TidemarkError('SHARD_NOT_FOUND', 'The stream no longer lists this shard', {
      context: { ...this.context, shard: shardId },
    });
  }

  private async callAfter(previous: Promise<unknown>): Promise<StreamDescription> {
    await previous.catch(() => undefined);
    const wait = this.lastCallAt + MIN_CALL_INTERVAL_MS - this.monotonicMs();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    this.queued = undefined;
    const call = this.describe().finally(() => (this.underway = undefined));
    this.running = call;
    this.underway = call;
    return call;
  }

  private async describe(): Promise<StreamDescription> {
    const startedAt = this.monotonicMs();
    this.lastCallAt = startedAt;
    const description = await this.kinesis.describeStream(this.stream).catch((error: unknown) => {
      if (codeOf(error) !== 'STREAM_NOT_FOUND') throw error;
      throw this.gone('STREAM_DELETED', 'The stream does not exist any more');
    });
    if (description.createdAtMs !== this.stream.createdAtMs) {
      const createdAt = new Date(description.createdAtMs).toISOString();
      throw this.gone('STREAM_RECREATED', `The stream of this name was created anew at ${createdAt}`);
    }
    if (description.status === 'DELETING') throw this.gone('STREAM_DELETED', 'The stream is being deleted');
    this.latest = { description, startedAt };
    return description;
  }

  /** What was known before no longer holds, not even as a recent description. */
  private gone(code: 'STREAM_DELETED' | 'STREAM_RECREATED', what: string): TidemarkError {
    this.latest = undefined;
    return new TidemarkError(code, what, { context: this.context });
  }

  private get context(): { stream: string; createdAt: string } {
    return { stream: this.stream.streamName, createdAt: new Date(this.stream.createdAtMs).toISOString() };
  }
}
