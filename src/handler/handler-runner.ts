/** How a batch meets the user's code: the same question and answer, whether it runs in this thread or in one of its own. */
import type { TransactWriteItem } from '@aws-sdk/client-dynamodb';
import type { ShardIdentity } from '../core/names';
import type { RecordError, RecordOutcomes } from '../core/outcome';
import type { RawRecord } from '../kinesis/kinesis-port';

/** Records of one shard, in order, for the user's filter, schema and handler. */
export interface RunRequest {
  readonly shard: ShardIdentity;
  readonly records: readonly RawRecord[];
  readonly millisBehindLatest: number;
  /** Which try of these records this is, from 1. */
  readonly attempt: number;
  /** Larger for every later owner of the shard. */
  readonly fence: number;
  /** True while a dead letter is handled again. */
  readonly redrive: boolean;
  /** Set while a range is replayed beside the live consumer; `dry` if nothing may be written for it. */
  readonly replay?: 'real' | 'dry';
  /** Aborts when the shard is lost. */
  readonly lost: AbortSignal;
  /**
   * The payloads stay readable here, whatever becomes of the handler. Without it a thread takes them for the time of the run: they are back
   * when the run has settled, but if the thread had to be ended (`died`, `timeout`, a lost shard), reading one throws.
   */
  readonly keepPayloads: boolean;
}

/** What became of the records, by their indexes in `RunRequest.records`. */
export interface RunOutcome extends RecordOutcomes {
  /** Effects of the records that the handler was given, to be written with what covers them. Filter and schema may have rejected others. */
  readonly transact?: readonly TransactWriteItem[];
}

/**
 * Runs the user's code. Rejects with `BatchFailedError` if nothing is known of single records, with the reason of `lost` if the shard was
 * lost, and with `INVALID_CONSUMER_FILE` if the code could not be loaded. Never resolves for an answer of unknown shape.
 */
export interface HandlerRunner {
  run(request: RunRequest): Promise<RunOutcome>;
  /** Ends threads and timers. */
  close(): Promise<void>;
}

/** The batch as a whole failed: which of its records were handled is not known. */
export class BatchFailedError extends Error {
  constructor(
    /** `failed`: the handler threw. `timeout`: its deadline passed. `died`: its thread ended. `rejected`: it threw a rejection of `index`. */
    readonly kind: 'failed' | 'timeout' | 'died' | 'rejected',
    readonly error: RecordError,
    /** Only with `rejected`: the record that can never succeed. */
    readonly index?: number,
  ) {
    super(error.message);
    this.name = 'BatchFailedError';
  }
}
