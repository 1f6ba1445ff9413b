import { TidemarkError } from '../core/errors';
import type { BatchHandler, HandlerContext, RecordHandler } from './handler';
import type { KinesisRecord } from './record';

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
 * Turns a function of one record into a batch handler. The first failure fails the batch: no further record is begun, those under
 * way are waited for, and the error is thrown.
 * @throws `INVALID_OPTION`
 */
export function eachRecord(handle: RecordHandler, { concurrency = 1 }: EachRecordOptions = {}): BatchHandler {
  if (typeof handle !== 'function')
    throw new TidemarkError('INVALID_OPTION', `eachRecord expects a function, got ${typeof handle}`);
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > 1_000) {
    throw new TidemarkError(
      'INVALID_OPTION',
      `Expected \`concurrency\` to be a whole number from 1 to 1000, got \`${concurrency}\``,
    );
  }
  if (concurrency === 1) return ({ records }, context) => inOrder(records, handle, context);
  return ({ records }, context) => perKey(records, handle, context, concurrency);
}

async function inOrder(
  records: Iterable<KinesisRecord>,
  handle: RecordHandler,
  context: HandlerContext,
): Promise<void> {
  for (const record of records) {
    context.signal.throwIfAborted();
    await handle(record, context);
  }
}

async function perKey(
  records: readonly KinesisRecord[],
  handle: RecordHandler,
  context: HandlerContext,
  concurrency: number,
): Promise<void> {
  const lanes = lanesByKey(records);
  let next = 0;
  let failure: { error: unknown } | undefined;
  const work = async (): Promise<void> => {
    for (let lane = lanes[next++]; lane !== undefined; lane = lanes[next++]) {
      for (const record of lane) {
        if (failure) return;
        try {
          context.signal.throwIfAborted();
          await handle(record, context);
        } catch (error) {
          failure ??= { error };
        }
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, lanes.length) }, work));
  if (failure) throw failure.error;
}

/** Records grouped by partition key, each group in order, groups in order of their first record. */
function lanesByKey(records: readonly KinesisRecord[]): KinesisRecord[][] {
  const lanes = new Map<string, KinesisRecord[]>();
  for (const record of records) {
    const lane = lanes.get(record.partitionKey);
    if (lane) lane.push(record);
    else lanes.set(record.partitionKey, [record]);
  }
  return [...lanes.values()];
}
