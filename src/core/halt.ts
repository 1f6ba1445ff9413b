/** Why a shard stands still until an operator decides. */
import type { ControlRequest } from './control';
import type { DataLoss } from './read-start';

/** A shard that waits for an operator. */
export type Halt = RecordHalt | LossHalt;

/** Because of a record that was given up, and the policy is not to set it aside. */
export interface RecordHalt {
  readonly how: 'park' | 'stop';
  /** Name of the record: `seq` or `seq.sub`. */
  readonly sequenceNumber: string;
  readonly sinceMs: number;
  /** When it is tried again without an operator. */
  readonly retryAtMs?: number;
  readonly loss?: undefined;
}

/** Because retention took records, and the consumer is to stop then. */
export interface LossHalt {
  readonly how: 'park';
  readonly loss: DataLoss;
  readonly sinceMs: number;
  readonly retryAtMs?: undefined;
  readonly sequenceNumber?: undefined;
}

/** Who accepted a loss. It holds until the shard has got beyond it. */
export interface AcceptedLoss extends ControlRequest {
  readonly atMs: number;
}
