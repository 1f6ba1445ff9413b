import type { ServerResponse } from 'node:http';
import { encodeEvent, encodeMessage } from '../../../test/support/scripted-kinesis/event-stream';
import { sequenceNumber } from '../../servers/canned-pages';
import { pageBody } from './pages';
import type { RaceShard } from './race-stream';

/** 2 MB of the race's records. AWS: 10,000 records an event. */
const MAX_EVENT_RECORDS = 2_000;
/** AWS: an event every few seconds while nothing comes. */
const IDLE_MS = 5_000;
/** AWS: a subscription ends after five minutes. */
const LIFE_MS = 300_000;
/** AWS: within so much of a successful call the next one is refused. */
const REFUSED_FOR_MS = 5_000;
const EVENT_HEADERS = {
  ':event-type': 'SubscribeToShardEvent',
  ':content-type': 'application/json',
  ':message-type': 'event',
};

/** One subscription: pushes what its shard gets as soon as it is there, as fast as the client takes it. */
export class Subscription {
  private readonly startedMs = performance.now();
  private readonly unwatch: () => void;
  private readonly timer: NodeJS.Timeout;
  private isOver = false;
  private isFull = false;
  private isDue = false;

  constructor(
    private readonly shard: RaceShard,
    private next: number,
    private readonly response: ServerResponse,
  ) {
    this.unwatch = shard.watch(() => this.soon());
    this.timer = setInterval(() => this.beat(), IDLE_MS);
    response.on('close', () => this.over());
    response.on('drain', () => {
      this.isFull = false;
      this.soon();
    });
    response.write(encodeEvent('initial-response', undefined));
    this.soon();
  }

  /** Whether another one may take its place. */
  get isReplaceable(): boolean {
    return this.isOver || performance.now() - this.startedMs >= REFUSED_FOR_MS;
  }

  end(): void {
    if (this.isOver) return;
    this.over();
    this.response.end();
  }

  /** Records that come in one call go into one event. */
  private soon(): void {
    if (this.isDue) return;
    this.isDue = true;
    setImmediate(() => {
      this.isDue = false;
      while (!this.isOver && !this.isFull && this.next < this.shard.length) this.send();
    });
  }

  private beat(): void {
    if (performance.now() - this.startedMs >= LIFE_MS) return this.end();
    if (!this.isFull && this.next >= this.shard.length) this.send();
  }

  private send(): void {
    const { next, count, records, isAtTip } = this.shard.page('json', this.next, MAX_EVENT_RECORDS);
    const head = {
      ContinuationSequenceNumber: sequenceNumber(this.shard.index, Math.max(0, next - 1)),
      MillisBehindLatest: isAtTip ? 0 : 60_000,
    };
    this.next = next;
    const message = encodeMessage(EVENT_HEADERS, pageBody('json', head, records, count));
    this.isFull = !this.response.write(message);
  }

  private over(): void {
    this.isOver = true;
    this.unwatch();
    clearInterval(this.timer);
  }
}
