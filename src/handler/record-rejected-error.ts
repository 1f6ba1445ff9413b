import type { KinesisRecord } from './record';

/** Brand that survives two copies of this package in one process. */
const BRAND = Symbol.for('tidemark.recordRejected');

export interface RejectionOptions {
  /** Which record of the batch. Not needed in `eachRecord`, nor where the batch is one record. */
  readonly record?: KinesisRecord;
  readonly cause?: unknown;
}

/**
 * Says that a record can never succeed: it is not tried again, and the failure policy takes it out of the way at once.
 *
 * Thrown in `eachRecord`, or given as the `reason` of a failure, it means that record. Thrown by a batch handler it must name the record,
 * and nothing else of the batch counts as handled.
 */
export class RecordRejectedError extends Error {
  readonly [BRAND] = true;
  readonly record?: KinesisRecord;

  constructor(reason: string, { record, cause }: RejectionOptions = {}) {
    super(reason, cause === undefined ? undefined : { cause });
    this.name = 'RecordRejectedError';
    if (record !== undefined) this.record = record;
  }
}

/** Whatever was thrown; never throws. */
export function isRecordRejected(error: unknown): error is RecordRejectedError {
  try {
    return typeof error === 'object' && error !== null && (error as { [BRAND]?: unknown })[BRAND] === true;
  } catch {
    return false;
  }
}
