import { codeOf, TidemarkError } from '../core/errors';
import type { ShardIdentity } from '../core/names';
import { judgePage } from '../core/page-verdict';
import type { Position } from '../core/positions';
import type { IteratorStart } from '../core/read-start';
import type { FanOutEvent, FanOutPort } from './fan-out-port';
import type { ReadResult } from './shard-reader';
import type { StreamConsumerWatch } from './stream-consumer-watch';
import type { StreamWatch } from './stream-watch';
import { FeedBuffer, lastOf } from './feed-buffer';
import { beforeSilence } from './before-silence';
import { keepPayloadsOf } from './page-views';

/** AWS: within 5 s of a successful SubscribeToShard the next one is refused. */
export const RENEWAL_WAIT_MS = 5_100;
/** A subscription ends by itself after 5 minutes; one that ends sooner has lost its place to another, or its connection. */
const EXPIRES_AFTER_MS = 270_000;
/** An event that was waited for so long was not in a buffer when the waiting began. */
const DRAINED_AFTER_MS = 40;
/** An event that comes so soon was in a buffer. */
const BUFFERED_MS = 10;
/** What has come by the time it is asked for is received at once, until it is so many records. */
const RECEIVED_AT_ONCE = 1_000;
/** How long a subscription that nobody reads from is kept: the next slice of the shard usually comes at once. */
const KEPT_MS = 60_000;

/** What became of a subscription: accepted, over in order, another has its place, broken, or silent. */
export type SubscriptionStep = 'subscribed' | 'expired' | 'taken' | 'broken';

/** What a feed needs of the slice that reads from it now. */
export interface FeedEnvironment {
  readonly port: FanOutPort;
  readonly consumer: StreamConsumerWatch;
  readonly watch: StreamWatch;
  /** Clock of the service, epoch milliseconds. */
  readonly now: () => number;
  readonly monotonicMs: () => number;
  /** How long a subscription may be silent. */
  readonly silenceMs: number;
  /** Rejects when `signal` aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Before the place of another subscription is taken. @throws if another execution has the shard */
  readonly assertHeld: () => Promise<void>;
  readonly note: (step: SubscriptionStep) => void;
}

interface Connection {
  readonly events: AsyncIterator<FanOutEvent>;
  readonly controller: AbortController;
  /** Was asked for, and has not been taken yet. */
  next?: Promise<IteratorResult<FanOutEvent>>;
}

/**
 * One shard's subscription, with what it brought and is not known to be committed. It outlives slices: a subscription per slice would run into
 * the 5 s that Kinesis wants between two. The next slice resumes where the checkpoint stands, as long as nothing is missing in between.
 */
export class ShardFeed {
  readonly buffer: FeedBuffer;
  private lastRead: string | undefined;
  private continuation: string | undefined;
  private connection: Connection | undefined;
  private subscribedAtMs = -Infinity;
  private askedAtMs = -Infinity;
  /** The subscription has brought an event. */
  private hasNews = false;
  private running: Promise<unknown> | undefined;
  private timer: NodeJS.Timeout | undefined;
  /** The reader that may read: one that came later has taken its place. */
  holder: unknown;
  onClosed: () => void = () => undefined;
  /** It may have been closed for want of a reader, while a handler took its time. */
  onRoused: () => void = () => undefined;
  /** How long the last subscription lasted; undefined if it was refused. */
  livedMs: number | undefined;

  constructor(
    public environment: FeedEnvironment,
    private readonly shard: ShardIdentity,
    origin: Position,
    private readonly start: IteratorStart,
  ) {
    this.buffer = new FeedBuffer(origin);
  }

  /** The feed of the same shard that this one takes the place of: Kinesis counts the 5 s from its subscription. */
  follow(feed: ShardFeed): void {
    feed.close();
    this.subscribedAtMs = feed.subscribedAtMs;
  }

  /** Where reading goes on by other means. */
  get next(): IteratorStart {
    if (this.lastRead === undefined) return this.start;
    return { type: 'AFTER_SEQUENCE_NUMBER', sequenceNumber: this.lastRead };
  }

  /** Whether `receive` is under way, for this slice or one before it. */
  get isReceiving(): boolean {
    return this.running !== undefined;
  }

  /** Waits for a `receive` that is under way, however it ends. */
  async settled(): Promise<void> {
    await this.running;
  }

  /** Waits for one more event; subscribes first where that is necessary, as long as `signal` lets it. The event may be the subscription's end. */
  async receive(signal: AbortSignal): Promise<void> {
    const receiving = this.receiveOnce(signal).catch((error: unknown) => {
      if (this.connection) this.environment.note(codeOf(error) === 'SUBSCRIPTION_TAKEN' ? 'taken' : 'broken');
      this.disconnect();
      throw error;
    });
    const settled = receiving
      .catch(() => undefined)
      .finally(() => {
        if (this.running === settled) this.running = undefined;
      });
    this.running = settled;
    return receiving;
  }

  /** Somebody reads. */
  rouse(): void {
    clearTimeout(this.timer);
    this.onRoused();
  }

  /** Nobody reads at this moment. */
  rest(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.close(), KEPT_MS);
    this.timer.unref();
  }

  close(): void {
    clearTimeout(this.timer);
    this.disconnect();
    this.onClosed();
  }

  private async receiveOnce(signal: AbortSignal): Promise<void> {
    const connection = (this.connection ??= await this.connect(signal));
    let records = await this.receiveEvent(connection);
    while (records < RECEIVED_AT_ONCE && this.connection === connection && (await isAtHand(connection)))
      records += await this.receiveEvent(connection);
  }

  /** Number of its records, 1 at least; as many as can be where nothing comes after it. */
  private async receiveEvent(connection: Connection): Promise<number> {
    const { monotonicMs, now, note, silenceMs } = this.environment;
    const next = beforeSilence(nextOf(connection), connection.controller, silenceMs);
    // Should it fail before it is awaited.
    next.catch(() => undefined);
    await bufferedEvents();
    const pulledAt = { monotonicMs: monotonicMs(), serviceMs: now() };
    const step = await next;
    connection.next = undefined;
    if (step.done) {
      this.disconnect();
      note((this.livedMs ?? 0) >= EXPIRES_AFTER_MS ? 'expired' : 'taken');
      return Infinity;
    }
    const event = step.value;
    const waitedMs = monotonicMs() - pulledAt.monotonicMs;
    const childShardIds = await this.childrenAfter(event);
    const result = this.absorb(event, waitedMs >= DRAINED_AFTER_MS ? pulledAt.serviceMs : 0);
    // That nothing had come when it was sent is no news by now.
    const isStale = result.records.length === 0 && waitedMs < BUFFERED_MS && this.hasNews;
    this.hasNews = true;
    if (childShardIds) this.buffer.push({ ...result, end: { childShardIds } });
    else if (!isStale) this.buffer.push(result);
    return childShardIds ? Infinity : Math.max(1, result.records.length);
  }

  private absorb(event: FanOutEvent, drainedAtMs: number): ReadResult {
    const records = this.buffer.unread(event.records);
    // The next slice reads them again here, perhaps while a handler of this one has not settled, or after its thread has died.
    keepPayloadsOf(records);
    const lastRecord = records.at(-1);
    this.buffer.last = lastOf(records) ?? this.buffer.last;
    this.lastRead = lastRecord?.sequenceNumber ?? this.lastRead;
    const { continuation, millisBehindLatest } = event;
    const isAhead =
      continuation !== undefined && (this.buffer.last === undefined || BigInt(continuation) > this.buffer.last);
    this.continuation = records.length === 0 && isAhead ? continuation : undefined;
    // An event may have waited in buffers. It was sent after its own records arrived, and after a time when none was in a buffer.
    this.askedAtMs = Math.max(this.askedAtMs, drainedAtMs, lastRecord?.arrivalMs ?? 0);
    return { records, millisBehindLatest, askedAtMs: this.askedAtMs };
  }

  private async childrenAfter(event: FanOutEvent): Promise<readonly string[] | undefined> {
    const { continuation: nextIterator, childShards } = event;
    const verdict = judgePage({ nextIterator, childShards });
    if (verdict === 'more') return undefined;
    if (verdict === 'end') return childShards.map(({ shardId }) => shardId);
    // ferrokinesis names children and a continuation; others name neither. The listing knows whether the shard is closed.
    const confirmed = await this.environment.watch.confirmShardEnd(this.shard.shardId);
    if (confirmed) return confirmed;
    throw new TidemarkError('INVALID_ANSWER', 'An event contradicts the listing about the end of the shard', {
      context: { stream: this.shard.streamName, shard: this.shard.shardId },
    });
  }

  private async connect(signal: AbortSignal): Promise<Connection> {
    const { assertHeld, monotonicMs, sleep, consumer, watch, now, note } = this.environment;
    this.livedMs = undefined;
    if (this.subscribedAtMs > -Infinity) await assertHeld();
    const waitMs = this.subscribedAtMs + RENEWAL_WAIT_MS - monotonicMs();
    if (waitMs > 0) await sleep(waitMs, signal);
    const consumerArn = await consumer.arn();
    signal.throwIfAborted();
    const askedAtMs = now();
    const start = this.continuation === undefined ? this.next : atNumber(this.continuation);
    const connection = await this.subscribe(consumerArn, start, signal);
    this.subscribedAtMs = monotonicMs();
    this.askedAtMs = Math.max(this.askedAtMs, askedAtMs);
    this.hasNews = false;
    note('subscribed');
    this.connection = connection;
    // As with an iterator: only a sequence number says which incarnation of the stream is being read.
    if ('sequenceNumber' in start) await watch.recent(30_000);
    else await watch.fresh();
    return connection;
  }

  private async subscribe(consumerArn: string, start: IteratorStart, signal: AbortSignal): Promise<Connection> {
    const { streamName, shardId } = this.shard;
    const controller = new AbortController();
    // Only until it is accepted: after that it outlives the slice.
    const giveUp = (): void => controller.abort(signal.reason);
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      const { port, silenceMs } = this.environment;
      const request = { consumerArn, streamName, shardId, start };
      const events = await beforeSilence(port.subscribe(request, controller.signal), controller, silenceMs);
      return { events: events[Symbol.asyncIterator](), controller };
    } catch (error) {
      if (codeOf(error) !== 'INVALID_SEQUENCE_NUMBER' || this.continuation === undefined) throw error;
      this.continuation = undefined;
      throw new TidemarkError('INVALID_ANSWER', 'Kinesis refused the continuation that it gave itself', {
        context: { stream: streamName, shard: shardId },
      });
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  private disconnect(): void {
    if (!this.connection) return;
    this.livedMs = this.environment.monotonicMs() - this.subscribedAtMs;
    const { controller } = this.connection;
    this.connection = undefined;
    controller.abort();
  }
}

function nextOf(connection: Connection): Promise<IteratorResult<FanOutEvent>> {
  return (connection.next ??= connection.events.next());
}

/** Whether one more event has come. An end, or a failure, is for the next call: what came before it is handed over first. */
async function isAtHand(connection: Connection): Promise<boolean> {
  let isHere = false;
  nextOf(connection).then(
    ({ done }) => (isHere = !done),
    () => undefined,
  );
  await bufferedEvents();
  return isHere;
}

/** Lets the event loop hand over what the process has received already: an event of these was not waited for, however busy the process is. */
async function bufferedEvents(): Promise<void> {
  for (let turns = 0; turns < 2; turns += 1) await new Promise((resolve) => setImmediate(resolve));
}

function atNumber(sequenceNumber: string): IteratorStart {
  return { type: 'AT_SEQUENCE_NUMBER', sequenceNumber };
}
