import { TidemarkError, type ErrorCode } from '../core/errors';
import { recordSpans } from '../tracing/record-contexts';
import { isErrorLike } from './describe-error';
import type { BatchHandler, HandlerContext, HandlerResult, RecordFailure, RecordHandler } from './handler';
import type { KinesisRecord } from './record';
import { isRecordRejected } from './record-rejected-error';

export interface EachRecordOptions {
  /**
   * How many records of a batch are handled at the same time. 1 handles them one after the other, in order. With more, records of
   * one partition key are still handled in order, one at a time; records of different keys are not ordered.
   *
   * @minimum 1
   * @maximum 1000
   * @default 1
   */
  readonly concurrency?: number;
}

/**
 * Turns a function of one record into a batch handler that says which records failed. After a failure nothing is begun that must come
 * after it: with concurrency 1 the rest of the batch, otherwise the records behind it of the same partition key. A record that can never
 * succeed (`RecordRejectedError`) holds nothing up, unless the failure policy parks its partition key.
 * @throws `INVALID_OPTION`
 */
export function eachRecord<T = unknown>(
  handle: RecordHandler<T>,
  { concurrency = 1 }: EachRecordOptions = {},
): BatchHandler<T> {
  if (typeof handle !== 'function')
    throw new TidemarkError('INVALID_OPTION', `eachRecord expects a function, got ${typeof handle}`);
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > 1_000) {
    throw new TidemarkError(
      'INVALID_OPTION',
      `Expected \`concurrency\` to be a whole number from 1 to 1000, got \`${concurrency}\``,
    );
  }
  return async ({ records }, context) => {
    const lanes = concurrency === 1 ? [[...records]] : lanesByKey(records);
    const work = new LaneWork(lanes, handle, context);
    await Promise.all(Array.from({ length: Math.min(concurrency, lanes.length) }, () => work.run()));
    return work.result();
  };
}

/** Lanes are handled side by side, each in order; several `run`s share them. */
class LaneWork<T> {
  private readonly failures: RecordFailure[] = [];
  private readonly unhandled: KinesisRecord[] = [];
  private readonly spans = recordSpans();
  private next = 0;

  constructor(
    private readonly lanes: readonly (readonly KinesisRecord<T>[])[],
    private readonly handle: RecordHandler<T>,
    private readonly context: HandlerContext,
  ) {}

  async run(): Promise<void> {
    for (let lane = this.lanes[this.next++]; lane !== undefined; lane = this.lanes[this.next++]) {
      for (const [at, record] of lane.entries()) {
        if (this.context.signal.aborted) return;
        const failure = await this.attempt(record);
        if (failure === undefined) continue;
        this.failures.push(failure);
        if (failure.retryable === false && !this.context.holdsKeys) continue;
        this.unhandled.push(...lane.slice(at + 1));
        break;
      }
    }
  }

  /** @throws the reason of the signal once it has aborted: which records were handled does not matter any more */
  result(): HandlerResult {
    this.context.signal.throwIfAborted();
    return this.failures.length === 0 ? undefined : { failures: this.failures, unhandled: this.unhandled };
  }

  private async attempt(record: KinesisRecord<T>): Promise<RecordFailure | undefined> {
    try {
      if (this.spans) await this.spans(record, () => this.handle(record, this.context), spanEnd);
      else await this.handle(record, this.context);
      return undefined;
    } catch (error) {
      return { record, reason: reasonOf(error), retryable: !isRecordRejected(error) };
    }
  }
}

function spanEnd(error: unknown): { error: ErrorCode } {
  return { error: isRecordRejected(error) ? 'RECORD_REJECTED' : 'HANDLER_FAILED' };
}

/** Whatever was thrown, as a reason that is accepted. */
function reasonOf(thrown: unknown): Error | string {
  if (isErrorLike(thrown)) return thrown;
  if (typeof thrown === 'string' && thrown.trim() !== '') return thrown;
  return new TypeError(
    `The function threw ${thrown === null ? 'null' : `a value of type ${typeof thrown}`}, not an error`,
  );
}

/** Records grouped by partition key, each group in order, groups in order of their first record. */
function lanesByKey<T>(records: readonly KinesisRecord<T>[]): KinesisRecord<T>[][] {
  const lanes = new Map<string, KinesisRecord<T>[]>();
  for (const record of records) {
    const lane = lanes.get(record.partitionKey);
    if (lane) lane.push(record);
    else lanes.set(record.partitionKey, [record]);
  }
  return [...lanes.values()];
}
