import type { ServerResponse } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';

import { describeRecord, millisBehindLatest, takePage } from './pages';
import { encodeEvent, encodeException } from './event-stream';
import type { JsonObject } from './json-request';
import type { Shard, StoredRecord } from './shard';
import type { Stream } from './stream';
import type { ScriptedConsumer } from './stream-consumers';

/** What a test may change about subscriptions. Times are in real milliseconds. */
export interface SubscriptionRules {
  /** How long one lasts; AWS: 300,000. */
  lifeMs: number;
  /** Time between two events while nothing comes; AWS: some seconds. */
  idleMs: number;
  /** How long after a successful call another one is refused; AWS: 5,000. */
  refusedForMs: number;
  /** Most records in one event. */
  eventRecords: number;
  /** Set: nothing is sent, and this is said to be how far it is behind. */
  heldBackMs?: number;
}

export const AWS_RULES: SubscriptionRules = {
  lifeMs: 300_000,
  idleMs: 1_000,
  refusedForMs: 5_000,
  eventRecords: 10_000,
};

export interface SubscriptionPlace {
  readonly consumer: ScriptedConsumer;
  readonly stream: Stream;
  readonly shard: Shard;
  readonly fromOrdinal: number;
}

const LOOK_INTERVAL_MS = 5;

/** One subscription to one shard, as a test sees and disturbs it. */
export class Subscription {
  readonly startedAt = performance.now();
  isOver = false;
  /** Events that were sent. */
  events = 0;
  private isSilent = false;
  private nextOrdinal: number;
  private sentAt = -Infinity;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    readonly place: SubscriptionPlace,
    private readonly rules: SubscriptionRules,
    private readonly nowMs: () => number,
    private readonly response: ServerResponse,
  ) {
    this.nextOrdinal = place.fromOrdinal;
    this.response.on('close', () => this.over());
    this.response.write(encodeEvent('initial-response', undefined));
    this.timer = setInterval(() => this.look(), LOOK_INTERVAL_MS);
    this.look();
  }

  get shardId(): string {
    return this.place.shard.shardId;
  }

  /** Sends nothing any more; the connection stays open. */
  silence(): void {
    this.isSilent = true;
  }

  /** Ends as AWS does after 5 minutes, or when another subscription takes over. */
  end(): void {
    this.over();
    this.response.end();
  }

  fail(type: string, message = 'Injected.'): void {
    this.response.write(encodeException(type, message));
    this.end();
  }

  /** Sends bytes of whatever kind. */
  write(bytes: Buffer): void {
    this.response.write(bytes);
  }

  /** Sends an event of whatever content. */
  event(body: JsonObject): void {
    this.events += 1;
    this.response.write(encodeEvent('SubscribeToShardEvent', body));
  }

  /** The server closes the HTTP/2 session, as for a restart, and cancels the stream. */
  goAway(): void {
    const { stream } = this.response as unknown as { stream?: ServerHttp2Stream };
    this.over();
    stream?.session?.goaway(0);
    stream?.destroy(new Error('The session goes away'));
  }

  private look(): void {
    if (this.isOver || this.isSilent) return;
    const { stream, consumer } = this.place;
    if (consumer.status === 'DELETING') return this.fail('ResourceNotFoundException', 'The consumer is gone.');
    stream.expire(this.nowMs());
    const isAtEnd = this.rules.heldBackMs === undefined ? this.sendNext() : this.sendNothing(this.rules.heldBackMs);
    if (isAtEnd || performance.now() - this.startedAt >= this.rules.lifeMs) this.end();
  }

  private get isIdleTooLong(): boolean {
    return performance.now() - this.sentAt >= this.rules.idleMs;
  }

  private sendNothing(millisBehindLatest: number): false {
    if (this.isIdleTooLong) this.send([], millisBehindLatest, this.continuation());
    return false;
  }

  /** True if that was the end of the shard. */
  private sendNext(): boolean {
    const { shard } = this.place;
    const start = shard.indexFrom(this.nextOrdinal);
    const page = takePage(shard.records, start, this.rules.eventRecords);
    const unread = shard.records[start + page.length];
    const isAtEnd = !shard.isOpen && unread === undefined;
    if (page.length === 0 && !isAtEnd && !this.isIdleTooLong) return false;
    this.nextOrdinal = (page.at(-1)?.ordinal ?? this.nextOrdinal - 1) + 1;
    this.send(page, millisBehindLatest(unread, this.nowMs()), isAtEnd ? this.children() : this.continuation());
    return isAtEnd;
  }

  private send(page: readonly StoredRecord[], behindMs: number, more: JsonObject): void {
    this.sentAt = performance.now();
    const { shard } = this.place;
    this.event({ Records: page.map((record) => describeRecord(shard, record)), MillisBehindLatest: behindMs, ...more });
  }

  private continuation(): JsonObject {
    return { ContinuationSequenceNumber: this.place.shard.sequenceNumber(this.reached()) };
  }

  private children(): JsonObject {
    const { stream, shard } = this.place;
    return { ChildShards: stream.childrenOf(shard.shardId).map((child) => child.describeAsChild()) };
  }

  /** The last ordinal that is known to hold nothing unread: it moves on while nothing is written to the shard. */
  private reached(): number {
    const { stream, shard } = this.place;
    const hasUnread = shard.indexFrom(this.nextOrdinal) < shard.records.length;
    if (!hasUnread) this.nextOrdinal = Math.max(this.nextOrdinal, stream.nextOrdinal);
    return Math.max(this.nextOrdinal - 1, shard.origin.startingOrdinal);
  }

  private over(): void {
    this.isOver = true;
    clearInterval(this.timer);
  }
}
