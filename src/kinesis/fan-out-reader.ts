import { codeOf, TidemarkError } from '../core/errors';
import { backoffMs, type Backoff } from '../core/pacing';
import type { Position } from '../core/positions';
import { floorOf } from '../core/read-span';
import type { IteratorStart } from '../core/read-start';
import { isPassingTrouble } from './passing-trouble';
import type { ShardFeed } from './shard-feed';
import type { PageReader, ReadResult, ShardReader } from './shard-reader';
import type { StreamConsumerWatch } from './stream-consumer-watch';
import type { StreamWatch } from './stream-watch';
import { unlessAborted } from './unless-aborted';

/** One call a second is allowed per stream consumer and shard. */
const SUBSCRIBE_BACKOFF: Backoff = { minMs: 1_000, maxMs: 30_000 };
/** A refused call costs the subscription in force nothing, and 5 s after that one began it is accepted. */
const REFUSED_BACKOFF: Backoff = { minMs: 1_000, maxMs: 1_000 };
const MISSING_BACKOFF: Backoff = { minMs: 5_000, maxMs: 60_000 };
/** Results are joined until they have so many records. */
const JOINED_RECORDS = 1_000;
/** A subscription that lasted so long has proved that it can. */
const PROVEN_MS = 30_000;

export type Source = PageReader & Pick<ShardReader, 'renewFrom'>;

/** What a reader needs of the slice that it reads for. */
export interface FanOutReaderEnvironment {
  readonly consumer: StreamConsumerWatch;
  readonly watch: StreamWatch;
  readonly random: () => number;
  /** Rejects when `signal` aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Told of each failed call that is tried again, and of `undefined` when calls succeed again. */
  readonly onTrouble: (error: unknown) => void;
  /** Where the checkpoint stands. */
  readonly committed: () => Position;
  /** Reads on by polling while there is no stream consumer; undefined: waits for one. */
  readonly poll?: (start: IteratorStart, why: unknown) => Source;
}

/**
 * Reads one shard from its feed, from a position. Lost subscriptions, throttling, outages, silence and contradictory answers are waited out
 * here, without end, as `ShardReader` does with those of polling.
 */
export class FanOutReader implements PageReader {
  private next: number;
  private delayMs = 0;
  /** Grows with each subscription that fails, until one lasts. */
  private failures = 0;
  private isTroubled = false;
  private polling: Source | undefined;
  /** Undefined once no result at hand can be before the position. */
  private from: bigint | undefined;
  /** Results before this one were asked for by an earlier slice: that there was nothing then is no news. */
  private readonly ownFrom: number;

  constructor(
    private readonly environment: FanOutReaderEnvironment,
    private readonly feed: ShardFeed,
    private readonly shardId: string,
    position: Position,
  ) {
    this.next = feed.buffer.firstAt;
    this.ownFrom = feed.buffer.endAt + (feed.isReceiving ? 1 : 0);
    this.from = floorOf(position);
    feed.holder = this;
  }

  /** There is no stream consumer. */
  get isPolling(): boolean {
    return this.polling !== undefined;
  }

  /** A subscription goes on by itself; a reader that polls instead takes its next iterator from here. */
  renewFrom(start: IteratorStart): void {
    this.polling?.renewFrom(start);
  }

  /** @throws the reason of `signal`, or as `ShardReader.read` does, and `OWNERSHIP_EXPIRED` once another execution has the shard */
  async read(signal: AbortSignal): Promise<ReadResult> {
    if (this.polling) return this.polling.read(signal);
    this.feed.rouse();
    try {
      return await unlessAborted(this.readOn(signal), signal);
    } finally {
      if (this.feed.holder === this) this.feed.rest();
    }
  }

  untilDue(signal: AbortSignal): Promise<void> | undefined {
    return this.polling?.untilDue?.(signal);
  }

  private async readOn(signal: AbortSignal): Promise<ReadResult> {
    while (!this.polling) {
      const result = this.take();
      if (result) return result;
      if (this.delayMs > 0) await this.environment.sleep(this.delayMs, signal);
      signal.throwIfAborted();
      if (this.feed.isReceiving) await this.feed.settled();
      else await this.receive(signal);
      signal.throwIfAborted();
    }
    return this.polling.read(signal);
  }

  private take(): ReadResult | undefined {
    if (this.feed.holder !== this)
      throw new TidemarkError('OWNERSHIP_EXPIRED', 'Another execution in this process reads the shard');
    this.feed.buffer.trim(this.next, this.environment.committed());
    const result = this.nextAtHand();
    if (!result) return undefined;
    if (this.isTroubled) this.environment.onTrouble(undefined);
    this.isTroubled = false;
    this.delayMs = 0;
    return result;
  }

  /** Small events that have come one after the other make one result: a batch and a commit for each might not keep up with them. */
  private nextAtHand(): ReadResult | undefined {
    let joined: ReadResult | undefined;
    while (!joined?.end && (joined?.records.length ?? 0) < JOINED_RECORDS) {
      const found = this.feed.buffer.at(this.next);
      if (!found) break;
      const result = this.uncommitted(found);
      this.next += 1;
      const isNews = result.records.length > 0 || result.end || this.next > this.ownFrom;
      if (isNews) joined = joined ? { ...result, records: [...joined.records, ...result.records] } : result;
    }
    return joined;
  }

  /** Results that were read for an earlier slice may begin before this one's position. */
  private uncommitted(result: ReadResult): ReadResult {
    const { from } = this;
    if (from === undefined || result.records.length === 0) return result;
    const records = result.records.filter(({ sequenceNumber }) => BigInt(sequenceNumber) > from);
    if (records.length > 0) this.from = undefined;
    return records.length === result.records.length ? result : { ...result, records };
  }

  private async receive(signal: AbortSignal): Promise<void> {
    try {
      await this.feed.receive(signal);
      this.noteLife();
    } catch (error) {
      signal.throwIfAborted();
      await this.recover(error);
    }
  }

  /** A subscription that ends in order is renewed at once; one that ends soon after it began is not, lest two readers take it in turns. */
  private noteLife(): void {
    const { livedMs } = this.feed;
    if (livedMs === undefined) return;
    if (livedMs >= PROVEN_MS) this.failures = 0;
    else this.backOff(new TidemarkError('SUBSCRIPTION_TAKEN', 'The subscription ended soon after it began'));
  }

  private async recover(error: unknown): Promise<void> {
    const { livedMs } = this.feed;
    if (livedMs !== undefined && livedMs >= PROVEN_MS) this.failures = 0;
    if (isPassingTrouble(error)) return this.backOff(error);
    switch (codeOf(error)) {
      case 'SUBSCRIPTION_TAKEN':
        return this.backOff(error, livedMs === undefined ? REFUSED_BACKOFF : SUBSCRIBE_BACKOFF);
      case 'STREAM_CONSUMER_MISSING':
        return this.goOnWithout(error);
      case 'STREAM_NOT_FOUND':
        return this.explainMissing(error);
      // It could not be seen whether the shard is still this execution's.
      case 'DYNAMODB_UNAVAILABLE':
        return this.backOff(error);
      case 'INVALID_SEQUENCE_NUMBER':
      case 'INTERNAL':
        if (await this.explain(() => this.environment.watch.fresh())) throw error;
        return this.backOff(error);
      default:
        throw error;
    }
  }

  /** Of the stream, the shard or the stream consumer: Kinesis does not tell them apart. */
  private async explainMissing(error: unknown): Promise<void> {
    const { watch, consumer } = this.environment;
    if (await this.explain(() => watch.explainMissing(this.shardId))) await this.explain(() => consumer.confirm());
    if (!this.polling) this.backOff(error);
  }

  /** Looks for the reason of a failure, and throws if that is final. False if there was no answer: then the failed call is made again. */
  private async explain(look: () => Promise<unknown>): Promise<boolean> {
    try {
      await look();
      return true;
    } catch (error) {
      if (codeOf(error) === 'STREAM_CONSUMER_MISSING') this.goOnWithout(error);
      else if (!isPassingTrouble(error) && codeOf(error) !== 'STREAM_NOT_FOUND') throw error;
      return false;
    }
  }

  private goOnWithout(error: unknown): void {
    const { poll } = this.environment;
    if (!poll) return this.backOff(error, MISSING_BACKOFF);
    this.polling = poll(this.feed.next, error);
    this.feed.close();
  }

  private backOff(error: unknown, backoff = SUBSCRIBE_BACKOFF): void {
    this.failures += 1;
    this.isTroubled = true;
    this.delayMs = backoffMs(backoff, this.failures, this.environment.random());
    this.environment.onTrouble(error);
  }
}
