/** A record that was set aside instead of handled, and what is known of it. Written in the transaction that moves the checkpoint past it. */
import type { ErrorCode } from './errors';
import type { ShardIdentity } from './names';
import type { RecordPlace } from './record-name';

/** Why a record was set aside. The first two are AWS Lambda's own words. */
export type DeadLetterCondition =
  | 'RetryAttemptsExhausted'
  | 'RecordAgeExceeded'
  /** The record can never succeed: it does not validate, or the handler said so. */
  | 'RecordRejected'
  /** The process or thread died on it. */
  | 'HandlerDied'
  /** An operator skipped it. */
  | 'SkippedByOperator'
  /** An earlier record of its partition key is parked. */
  | 'PartitionKeyParked';

/**
 * `OPEN`: nobody has dealt with it. `PARKED`: waits, in order, with the other records of its partition key. `REDRIVEN`: handled later.
 * `DISCARDED`: an operator gave it up.
 */
export type DeadLetterStatus = 'OPEN' | 'PARKED' | 'REDRIVEN' | 'DISCARDED';

/** One failure of a record: why, after how many attempts, where to look. */
export interface DeadLetterError {
  readonly code: ErrorCode;
  /** Holds record data only with `errorDetail: 'message'`. */
  readonly message: string;
  readonly attempts: number;
  readonly atMs: number;
  readonly workflowId: string;
  readonly runId: string;
}

export interface DeadLetterKey extends RecordPlace {
  readonly shard: ShardIdentity;
}

/** Without its payload: what a list shows. Times are epoch milliseconds. */
export interface DeadLetterHead extends DeadLetterKey {
  readonly partitionKey: string;
  /** Of a user record of an aggregate, if its producer gave one. */
  readonly explicitHashKey?: string;
  readonly arrivalMs: number;
  /** Size of the payload, bytes. */
  readonly bytes: number;
  readonly condition: DeadLetterCondition;
  readonly status: DeadLetterStatus;
  /** Oldest first; a failed redrive adds one. */
  readonly errors: readonly DeadLetterError[];
  readonly writtenAtMs: number;
  /** When DynamoDB may delete it; left out if it is kept. */
  readonly expiresAtMs?: number;
  /** Who skipped, discarded or redrove it last, and why. */
  readonly decidedBy?: string;
  readonly reason?: string;
  readonly decidedAtMs?: number;
  /** The redrive that changed it last, if one did: it knows its own marks by that. */
  readonly redriveId?: string;
  /** Changes with every change of the letter: the condition of the next one. */
  readonly version: number;
}

export interface DeadLetter extends DeadLetterHead {
  readonly data: Uint8Array;
}
