import type { ErrorCode } from './errors';

/** Why a record was not handled. The text holds record data only with `errorDetail: 'message'`. */
export interface RecordError {
  readonly code: ErrorCode;
  readonly message: string;
}

export interface FailedRecord {
  /** Index in the records that were to be handled. */
  readonly index: number;
  readonly error: RecordError;
}

/** What became of each record of a run. Indexes ascend; a record that is named nowhere was handled. */
export interface RecordOutcomes {
  /** The filter said no: covered by the checkpoint, not handled. */
  readonly filtered: readonly number[];
  /** Can never succeed: filter or schema failed, or the handler rejected it. */
  readonly rejected: readonly FailedRecord[];
  /** Failed, and may succeed later. */
  readonly failed: readonly FailedRecord[];
  /** Not tried, because of an earlier failure. */
  readonly unhandled: readonly number[];
}

export const ALL_HANDLED: RecordOutcomes = { filtered: [], rejected: [], failed: [], unhandled: [] };
