import { TidemarkError } from '../core/errors';
import type { RawRecord } from '../kinesis/kinesis-port';
import { dataBytesOf } from '../kinesis/page-bytes';
import type { PageReservation } from '../kinesis/page-memory';
import type { PageReader, ReadResult } from '../kinesis/shard-reader';
import { unlessAborted } from '../kinesis/unless-aborted';
import { nextBatch, type BatchSize } from './batch-border';

export interface BatchLimits extends BatchSize {
  readonly maxBatchWaitMs: number;
}

/** What a shard offers next. */
export type Next =
  | {
      readonly kind: 'batch';
      readonly records: readonly RawRecord[];
      readonly bytes: number;
      readonly millisBehindLatest: number;
      readonly caughtUpAtMs?: number;
    }
  | {
      readonly kind: 'empty';
      readonly millisBehindLatest: number;
      readonly caughtUpAtMs?: number;
      readonly passed?: ReadResult['passed'];
    }
  | { readonly kind: 'end'; readonly childShardIds: readonly string[] };

/**
 * Cuts what a reader brings into batches, and reads ahead: the next page is under way while a batch is handled, as long as no more
 * than a batch's bytes wait. It outlives a slice: what was read ahead is there for the next one.
 */
export class BatchSource {
  private waiting: readonly RawRecord[] = [];
  private waitingBytes = 0;
  private absorbed = 0;
  private last: ReadResult | undefined;
  private pending: Promise<ReadResult> | undefined;
  private oldestSinceMs = 0;
  private held: { readonly through: number; readonly memory: PageReservation }[] = [];
  private readonly reading = new AbortController();

  constructor(
    private readonly reader: PageReader,
    private readonly limits: BatchLimits,
    private readonly monotonicMs: () => number = () => performance.now(),
  ) {}

  /** The batch before counts as done with, except for what was put back. @throws the reason of `signal`, and what the reader throws */
  async next(signal: AbortSignal): Promise<Next> {
    this.releaseDone();
    if (this.waiting.length === 0) {
      if (this.last?.end) return { kind: 'end', childShardIds: this.last.end.childShardIds };
      await this.absorbPage(signal);
      if (this.waiting.length === 0) return this.last?.end ? this.next(signal) : this.empty();
    }
    while (!this.isFull() && !this.last?.end && this.remainingWaitMs() > 0) {
      if (!(await this.absorbPageWithin(this.remainingWaitMs(), signal))) break;
    }
    const batch = this.cut();
    this.readAhead();
    return { kind: 'batch', ...batch, ...this.lag(this.waiting.length === 0) };
  }

  /** Everything that was read is handed out, and nothing is being read: the next read goes on behind the last batch. */
  get isDrained(): boolean {
    return this.waiting.length === 0 && this.pending === undefined;
  }

  /** Ends reading and gives up what waits. */
  close(): void {
    this.reading.abort(new TidemarkError('OWNERSHIP_EXPIRED', 'The shard is not read here any more'));
    this.waiting = [];
    // Not done: a handler that ran out of time may be at work still.
    for (const { memory } of this.held.splice(0)) memory.release();
    // A page that had come just before holds its memory still.
    void this.pending?.then(({ memory }) => memory?.release()).catch(() => undefined);
  }

  /** Takes back records of the last batch: they are offered again, first. */
  putBack(records: readonly RawRecord[]): void {
    if (records.length === 0) return;
    this.waiting = [...records, ...this.waiting];
    this.waitingBytes += dataBytesOf(records);
  }

  private async absorbPage(signal: AbortSignal): Promise<void> {
    const due = this.pending ? undefined : this.reader.untilDue?.(signal);
    if (due) await due;
    this.readAhead();
    const { pending } = this;
    if (!pending) return;
    try {
      this.absorb(await unlessAborted(pending, signal));
      this.pending = undefined;
    } catch (error) {
      // It goes on for the next call.
      if (!signal.aborted) this.pending = undefined;
      throw error;
    }
  }

  /** False if no page came in time, or it failed: that is for the call that finds nothing else to hand out. */
  private async absorbPageWithin(ms: number, signal: AbortSignal): Promise<boolean> {
    this.readAhead(true);
    const pending = this.pending;
    if (!pending) return false;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), ms)));
    const failed = pending.catch(() => undefined);
    const result = await unlessAborted(Promise.race([failed, late]), signal).finally(() => clearTimeout(timer));
    if (!result) return false;
    this.pending = undefined;
    this.absorb(result);
    return true;
  }

  private absorb(result: ReadResult): void {
    this.last = result;
    this.absorbed += result.records.length;
    if (result.memory) this.held.push({ through: this.absorbed, memory: result.memory });
    if (result.records.length === 0) return;
    if (this.waiting.length === 0) this.oldestSinceMs = this.monotonicMs();
    this.waiting = this.waiting.length === 0 ? result.records : [...this.waiting, ...result.records];
    this.waitingBytes += dataBytesOf(result.records);
  }

  private readAhead(force = false): void {
    if (this.pending || this.last?.end) return;
    if (!force && this.waitingBytes > this.limits.maxBatchBytes) return;
    this.pending = this.reader.read(this.reading.signal);
    // The failure is thrown where the page is awaited; until then it must not count as unhandled.
    this.pending.catch(() => undefined);
  }

  /** A page is held as long as one record of it may be asked for. */
  private releaseDone(): void {
    const done = this.absorbed - this.waiting.length;
    while (this.held[0] && this.held[0].through <= done) this.held.shift()?.memory.done();
  }

  private isFull(): boolean {
    return this.waiting.length >= this.limits.maxBatchRecords || this.waitingBytes >= this.limits.maxBatchBytes;
  }

  private remainingWaitMs(): number {
    return this.oldestSinceMs + this.limits.maxBatchWaitMs - this.monotonicMs();
  }

  private cut(): { records: readonly RawRecord[]; bytes: number } {
    const { count, bytes } = nextBatch(this.waiting, this.limits);
    const isAll = count === this.waiting.length;
    const records = isAll ? this.waiting : this.waiting.slice(0, count);
    this.waiting = isAll ? [] : this.waiting.slice(count);
    this.waitingBytes -= bytes;
    return { records, bytes };
  }

  private empty(): Next {
    const passed = this.last?.passed;
    return { kind: 'empty', ...this.lag(true), ...(passed ? { passed } : {}) };
  }

  /** Once everything read so far is handed out, the shard is caught up with the moment of the last answer. */
  private lag(isDrained: boolean): { millisBehindLatest: number; caughtUpAtMs?: number } {
    const { millisBehindLatest = 0, askedAtMs } = this.last ?? {};
    return isDrained && millisBehindLatest === 0 && askedAtMs !== undefined
      ? { millisBehindLatest, caughtUpAtMs: askedAtMs }
      : { millisBehindLatest };
  }
}
