import { comparePositions, type Position } from '../core/positions';
import { looksAggregated } from './aggregate-reader';
import type { HashRange } from './hash-range';
import type { RawRecord } from './kinesis-port';
import { openAggregates } from './open-aggregates';
import type { PageReader, ReadResult } from './shard-reader';

export interface OpenedReaderOptions {
  /** Where reading begins. */
  readonly start: Position;
  /** Hash keys of the shard. Asked when the first aggregate comes; waits until there is an answer. */
  readonly hashRange: (signal: AbortSignal) => Promise<HashRange | undefined>;
  /** Told of user records of other shards: of which aggregate, how many. */
  readonly onLeftOut: (sequenceNumber: string, count: number) => void;
}

/** A reader whose KPL aggregates are opened. A shard without aggregates costs it a look at four bytes a record. */
export class OpenedReader implements PageReader {
  private start: Position | undefined;
  private range: HashRange | undefined;
  private isRangeKnown = false;
  private unopened: ReadResult | undefined;
  /** The last record that was read, if nothing of it is left to hand out. */
  private passed: ReadResult['passed'];

  constructor(
    private readonly reader: PageReader,
    private readonly options: OpenedReaderOptions,
  ) {
    this.start = options.start;
  }

  async read(signal: AbortSignal): Promise<ReadResult> {
    // Kept while the range is asked for: the reader goes on behind it, whatever becomes of this call.
    const result = (this.unopened ??= await this.reader.read(signal));
    const mayHoldAggregates = result.records.some(({ data }) => looksAggregated(data));
    if (mayHoldAggregates) await this.learnRange(signal);
    this.unopened = undefined;
    const { range, start } = this;
    const rules = { range, start, onLeftOut: this.options.onLeftOut };
    const isPlain = !mayHoldAggregates && start === undefined;
    const records = isPlain ? result.records : openAggregates(result.records, rules);
    const last = result.records.at(-1);
    if (last !== undefined) {
      this.passed = passedBy(last, records.at(-1));
      if (start && comparePositions({ at: 'AFTER', sequenceNumber: last.sequenceNumber }, start) > 0)
        this.start = undefined;
    }
    return { ...result, records, ...(this.passed ? { passed: this.passed } : {}) };
  }

  untilDue(signal: AbortSignal): Promise<void> | undefined {
    return this.unopened ? undefined : this.reader.untilDue?.(signal);
  }

  /** The next page is read from this position on. */
  startAt(position: Position): void {
    this.start = position;
  }

  private async learnRange(signal: AbortSignal): Promise<void> {
    if (this.isRangeKnown) return;
    try {
      this.range = await this.options.hashRange(signal);
      this.isRangeKnown = true;
    } catch (error) {
      // Nobody may come for the page any more: then nobody else releases it.
      this.unopened?.memory?.release();
      throw error;
    }
  }
}

/** The last record of a page, if it is not among those that are left of the page. */
function passedBy(read: RawRecord, left: RawRecord | undefined): ReadResult['passed'] {
  if (read.sequenceNumber === left?.sequenceNumber) return undefined;
  return { sequenceNumber: read.sequenceNumber, arrivalMs: read.arrivalMs };
}
