import type { RawRecord } from '../kinesis/kinesis-port';
import type { ReadResult, ShardReader } from '../kinesis/shard-reader';
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
 * than a batch's bytes wait.
 */
export class BatchSource {
  private waiting: RawRecord[] = [];
  private waitingBytes = 0;
  private last: ReadResult | undefined;
  private pending: Promise<ReadResult> | undefined;
  private oldestSinceMs = 0;

  constructor(
    private readonly reader: Pick<ShardReader, 'read'>,
    private readonly limits: BatchLimits,
    private readonly signal: AbortSignal,
    private readonly monotonicMs: () => number = () => performance.now(),
  ) {}

  async next(): Promise<Next> {
    if (this.waiting.length === 0) {
      if (this.last?.end) return { kind: 'end', childShardIds: this.last.end.childShardIds };
      await this.absorbPage();
      if (this.waiting.length === 0) return this.last?.end ? this.next() : this.empty();
    }
    while (!this.isFull() && !this.last?.end && this.remainingWaitMs() > 0) {
      if (!(await this.absorbPageWithin(this.remainingWaitMs()))) break;
    }
    const batch = this.cut();
    this.readAhead();
    return { kind: 'batch', ...batch, ...this.lag(this.waiting.length === 0) };
  }

  /** Takes back records of the last batch: they are offered again, first. */
  putBack(records: readonly RawRecord[]): void {
    if (records.length === 0) return;
    this.waiting = [...records, ...this.waiting];
    this.waitingBytes += records.reduce((sum, { data }) => sum + data.byteLength, 0);
  }

  private async absorbPage(): Promise<void> {
    this.readAhead();
    try {
      const result = await this.pending;
      if (result) this.absorb(result);
    } finally {
      this.pending = undefined;
    }
  }

  /** False if no page came in time, or it failed: that is for the call that finds nothing else to hand out. */
  private async absorbPageWithin(ms: number): Promise<boolean> {
    this.readAhead(true);
    const pending = this.pending;
    if (!pending) return false;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), ms)));
    const failed = pending.catch(() => undefined);
    const result = await Promise.race([failed, late]).finally(() => clearTimeout(timer));
    this.signal.throwIfAborted();
    if (!result) return false;
    this.pending = undefined;
    this.absorb(result);
    return true;
  }

  private absorb(result: ReadResult): void {
    this.last = result;
    if (result.records.length === 0) return;
    if (this.waiting.length === 0) this.oldestSinceMs = this.monotonicMs();
    for (const record of result.records) {
      this.waiting.push(record);
      this.waitingBytes += record.data.byteLength;
    }
  }

  private readAhead(force = false): void {
    if (this.pending || this.last?.end) return;
    if (!force && this.waitingBytes > this.limits.maxBatchBytes) return;
    this.pending = this.reader.read(this.signal);
    // The failure is thrown where the page is awaited; until then it must not count as unhandled.
    this.pending.catch(() => undefined);
  }

  private isFull(): boolean {
    return this.waiting.length >= this.limits.maxBatchRecords || this.waitingBytes >= this.limits.maxBatchBytes;
  }

  private remainingWaitMs(): number {
    return this.oldestSinceMs + this.limits.maxBatchWaitMs - this.monotonicMs();
  }

  private cut(): { records: readonly RawRecord[]; bytes: number } {
    const { count, bytes } = nextBatch(this.waiting, this.limits);
    const records = this.waiting.slice(0, count);
    this.waiting = this.waiting.slice(count);
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
