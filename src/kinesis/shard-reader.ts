import { TidemarkError, codeOf } from '../core/errors';
import type { ShardIdentity } from '../core/names';
import { backoffMs, READ_BACKOFF } from '../core/pacing';
import { pageLimit } from '../core/page-limit';
import { judgePage } from '../core/page-verdict';
import {
  initialPace,
  paceAfterFailure,
  paceAfterPage,
  waitMs,
  type PaceOptions,
  type ReadPace,
} from '../core/read-pace';
import type { IteratorStart } from '../core/read-start';
import type { KinesisPort, Page, RawRecord } from './kinesis-port';
import { expectedBytes, LARGEST_ANSWER_BYTES, sizeOf, type PageSize } from './page-bytes';
import type { PageMemory, PageReservation } from './page-memory';
import { isPassingTrouble } from './passing-trouble';
import type { StreamWatch } from './stream-watch';
import { unlessAborted } from './unless-aborted';

/** What one read brought. After `end` there is nothing more to read. */
export interface ReadResult {
  readonly records: readonly RawRecord[];
  readonly millisBehindLatest: number;
  /** Wall clock before the call: everything that had arrived by then and is not returned was returned before. */
  readonly askedAtMs: number;
  readonly end?: { readonly childShardIds: readonly string[] };
  /** What the page takes of the process's memory: to be told once its records are done with. */
  readonly memory?: PageReservation;
  /** The last record that was read, where nothing of it was left to hand out: an aggregate that is empty, or of other shards. */
  readonly passed?: { readonly sequenceNumber: string; readonly arrivalMs: number };
}

/** What reads a shard in order, page after page. */
export interface PageReader {
  read(signal: AbortSignal): Promise<ReadResult>;
  /**
   * Resolves when the next page may be asked for; undefined if that is now. `read` waits for it, too, but what waits there keeps alive all that
   * waits for the page: with a thousand idle shards that made most of a worker's garbage.
   */
  untilDue?(signal: AbortSignal): Promise<void> | undefined;
}

/** Node's timers count whole milliseconds and come up to one too early: what is left then is no wait of its own. */
const TIMER_GRAIN_MS = 1;

interface PageRead extends Pick<Page, 'memory'> {
  readonly result: ReadResult;
  readonly size: PageSize;
}

export interface ReaderEnvironment {
  readonly kinesis: KinesisPort;
  readonly watch: StreamWatch;
  /** Where pages find room before they are asked for. */
  readonly memory: PageMemory;
  readonly random: () => number;
  /** Rejects when `signal` aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Clock of the service, epoch milliseconds. */
  readonly now: () => number;
  /** Clock that polls are paced by, milliseconds. */
  readonly monotonicMs: () => number;
  /** Told of each failed call that is tried again, and of `undefined` when calls succeed again. */
  readonly onTrouble: (error: unknown) => void;
}

export interface ReaderOptions {
  readonly shard: ShardIdentity;
  readonly start: IteratorStart;
  /** Its `limit` is what the first page is asked for, and every page if the limit does not grow. */
  readonly pace: PaceOptions;
  /** Whether pages of small records are asked for more of them. */
  readonly growsPages?: boolean;
  /** How many other shards this process reads; default: none. */
  readonly others?: number;
}

/**
 * Reads one shard in order, from a start. Throttling, outages, expired iterators and contradictory answers are waited out here,
 * without end: they say nothing about records. It gives up only on what no waiting mends.
 */
export class ShardReader implements PageReader {
  private iterator: string | undefined;
  /** Nothing was read with the current iterator yet. */
  private isIteratorNew = false;
  private lastRead: string | undefined;
  private start: IteratorStart;
  private pace: ReadPace;
  private failures = 0;
  private limit: number;
  private nextPageBytes = LARGEST_ANSWER_BYTES;

  constructor(
    private readonly environment: ReaderEnvironment,
    private readonly options: ReaderOptions,
  ) {
    this.start = options.start;
    this.limit = options.pace.limit;
    this.pace = initialPace(environment.monotonicMs(), options.others);
  }

  /** @throws the reason of `signal`, or `STREAM_DELETED`, `STREAM_RECREATED`, `SHARD_NOT_FOUND`, `INVALID_SEQUENCE_NUMBER`, `ACCESS_DENIED` … */
  async read(signal: AbortSignal): Promise<ReadResult> {
    const reading = this.readOn(signal);
    try {
      // Not every call to Kinesis can be cancelled, and one that hangs must not hold up a stop.
      return await unlessAborted(reading, signal);
    } catch (error) {
      // The page may have come in the very moment in which it is given up.
      void reading.then(({ memory }) => memory?.release()).catch(() => undefined);
      throw error;
    }
  }

  untilDue(signal: AbortSignal): Promise<void> | undefined {
    const delayMs = waitMs(this.pace, this.environment.monotonicMs());
    return delayMs >= TIMER_GRAIN_MS ? this.environment.sleep(delayMs, signal) : undefined;
  }

  /**
   * Where an iterator is to be taken from when the present one has expired, while everything that was read is done with: the last sequence
   * number may have left retention since it was read.
   */
  renewFrom(start: IteratorStart): void {
    this.start = start;
    this.lastRead = undefined;
  }

  private async readOn(signal: AbortSignal): Promise<ReadResult> {
    for (;;) {
      const due = this.untilDue(signal);
      if (due) await due;
      signal.throwIfAborted();
      try {
        const result = await this.readOnce(signal);
        if (result) return result;
      } catch (error) {
        signal.throwIfAborted();
        await this.recover(error);
      }
    }
  }

  /** Undefined if the answer was invalid and the same iterator must be asked again. */
  private async readOnce(signal: AbortSignal): Promise<ReadResult | undefined> {
    this.iterator ??= await this.openIterator();
    const memory = await this.environment.memory.reserve(this.nextPageBytes, signal);
    try {
      const read = await this.readPage(this.iterator, signal);
      if (!read || signal.aborted) memory.release();
      else memory.settle(read.size.memoryBytes, read.memory?.giveBack);
      return read && { ...read.result, memory };
    } catch (error) {
      memory.release();
      throw error;
    }
  }

  private async readPage(iterator: string, signal: AbortSignal): Promise<PageRead | undefined> {
    const { environment, options } = this;
    const askedAtMs = environment.now();
    const calledAtMs = environment.monotonicMs();
    const page = await environment.kinesis.getRecords(options.shard, iterator, this.limit, signal);
    const verdict = judgePage(page);
    const childShardIds =
      verdict === 'end' || verdict === 'confirmEnd' ? await this.childrenAfter(page, verdict) : undefined;
    signal.throwIfAborted();
    if (verdict === 'invalid' || (verdict === 'confirmEnd' && childShardIds === undefined)) return this.rejectAnswer();
    this.iterator = page.nextIterator;
    this.isIteratorNew = false;
    this.lastRead = page.records.at(-1)?.sequenceNumber ?? this.lastRead;
    const size = sizeOf(page);
    this.succeeded(page, size, calledAtMs);
    const { records, millisBehindLatest } = page;
    const result = { records, millisBehindLatest, askedAtMs, ...(childShardIds ? { end: { childShardIds } } : {}) };
    return { result, size, memory: page.memory };
  }

  private async childrenAfter(page: Page, verdict: 'end' | 'confirmEnd'): Promise<string[] | undefined> {
    if (verdict === 'end') return page.childShards.map(({ shardId }) => shardId);
    return this.environment.watch.confirmShardEnd(this.options.shard.shardId);
  }

  private async openIterator(): Promise<string> {
    const { shard } = this.options;
    const from: IteratorStart =
      this.lastRead === undefined ? this.start : { type: 'AFTER_SEQUENCE_NUMBER', sequenceNumber: this.lastRead };
    const iterator = await this.environment.kinesis.getShardIterator(shard, shard.shardId, from);
    // A sequence number belongs to one incarnation, and Kinesis checks it. The other starts fit any stream of the same name:
    // they must be seen to belong to this one after the iterator was taken.
    if (from.type === 'AFTER_SEQUENCE_NUMBER') await this.environment.watch.recent(30_000);
    else await this.environment.watch.fresh();
    this.isIteratorNew = true;
    return iterator;
  }

  private succeeded({ records, millisBehindLatest }: Page, size: PageSize, calledAtMs: number): void {
    if (this.failures > 0) this.environment.onTrouble(undefined);
    this.failures = 0;
    const nowMs = this.environment.monotonicMs();
    const page = { calledAtMs, nowMs, records: records.length, bytes: size.readBytes, millisBehindLatest };
    const { pace, growsPages } = this.options;
    this.pace = paceAfterPage(this.pace, page, { ...pace, limit: this.limit });
    if (growsPages && records.length > 0) this.limit = pageLimit(pace.limit, page);
    this.nextPageBytes = expectedBytes(size.memoryBytes, millisBehindLatest);
  }

  private rejectAnswer(): undefined {
    const { streamName, shardId } = this.options.shard;
    this.backOff(
      new TidemarkError(
        'INVALID_ANSWER',
        'GetRecords gave no next iterator without a confirmed shard end, or child shards of an open shard',
        {
          context: { stream: streamName, shard: shardId },
        },
      ),
    );
    return undefined;
  }

  private async recover(error: unknown): Promise<void> {
    if (isPassingTrouble(error)) return this.backOff(error);
    const { watch } = this.environment;
    switch (codeOf(error)) {
      case 'ITERATOR_EXPIRED':
        return this.renewIterator(error);
      case 'STREAM_NOT_FOUND':
        await this.explain(() => watch.explainMissing(this.options.shard.shardId));
        this.iterator = undefined;
        return this.backOff(error);
      // `INTERNAL`: Kinesis refuses the iterator itself, as it does with one of a stream that was created anew since.
      case 'INVALID_SEQUENCE_NUMBER':
      case 'INTERNAL':
        if (await this.explain(() => watch.fresh())) throw error;
        return this.backOff(error);
      default:
        throw error;
    }
  }

  /** An iterator that has grown old is renewed at once. One that is expired as soon as it is made would make a hot loop of that. */
  private renewIterator(error: unknown): void {
    this.iterator = undefined;
    if (this.isIteratorNew) this.backOff(error);
  }

  /** Looks whether the stream is the reason, and throws if so. False if there was no answer: then the failed call is made again. */
  private async explain(look: () => Promise<unknown>): Promise<boolean> {
    try {
      await look();
      return true;
    } catch (error) {
      if (!isPassingTrouble(error) && codeOf(error) !== 'STREAM_NOT_FOUND') throw error;
      return false;
    }
  }

  private backOff(error: unknown): void {
    this.failures += 1;
    const backoff = backoffMs(READ_BACKOFF, this.failures, this.environment.random());
    const isThrottled = codeOf(error) === 'THROUGHPUT_EXCEEDED';
    this.pace = paceAfterFailure(this.pace, { nowMs: this.environment.monotonicMs(), backoffMs: backoff, isThrottled });
    this.environment.onTrouble(error);
  }
}
