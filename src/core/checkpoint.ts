import type { FailureStreak } from './failure-policy';
import type { Position } from './positions';

/** Who wrote a checkpoint: for diagnosis, and to tell a claim that comes too late. Never proof of ownership: the token is. */
export interface Writer {
  readonly runId: string;
  readonly activityId: string;
  /** Counts the checkpoint-writing activities of one workflow run, from 1. */
  readonly activitySeq: number;
  /** Temporal's attempt number of that activity, from 1. */
  readonly attempt: number;
}

/** What a writer believes the row to be. Equal tokens mean that the row is exactly the one it believes in. */
export interface CheckpointState {
  readonly position: Position;
  /** Grows only with a deliberate move backwards; the higher generation wins over any position. */
  readonly generation: number;
  /** Random, minted once per logical write before it is first sent. */
  readonly token: string;
  /** Id of the move that made this generation. */
  readonly rewindId?: string;
  /**
   * Grows with every claim, and follows the wall clock (milliseconds) at least: larger for every later owner, also after the row was
   * deleted or restored. For sinks that can compare; never a condition of the protocol.
   */
  readonly fence?: number;
}

/** Running totals of one shard since its first commit. */
export interface Totals {
  readonly records: number;
  readonly bytes: number;
  readonly batches: number;
  /** Of the records: not handled, because the filter said no. */
  readonly filtered?: number;
  /** Of the records: set aside as dead letters. */
  readonly deadLettered?: number;
  /** Not among the records: user records of aggregates whose hash keys are those of other shards. */
  readonly leftOut?: number;
}

export const ZERO_TOTALS: Totals = { records: 0, bytes: 0, batches: 0 };

/** Facts that a commit records beside the position. Times are epoch milliseconds. */
export interface CommitFacts {
  readonly totals: Totals;
  readonly committedAtMs: number;
  /** Approximate arrival time of the last committed record. */
  readonly lastArrivalMs?: number;
  /** Last time when everything that Kinesis had for this shard was committed. */
  readonly caughtUpAtMs?: number;
  readonly millisBehindLatest?: number;
  /** Partition keys that are parked. */
  readonly parkedKeys?: number;
  /** Records that the handler is about to get, although an execution has died or failed on them: what a death is counted by. */
  readonly trial?: TrialMark;
}

/** Written before records under suspicion are tried; the commit that follows removes it, or says what of them is still under suspicion. */
export interface TrialMark {
  readonly streak: FailureStreak;
  /** True while the handler has them: an execution that leaves such a mark behind has died on them. */
  readonly isRunning: boolean;
  /** The execution that wrote the mark. */
  readonly runId: string;
  readonly activitySeq: number;
  readonly attempt: number;
}

/** One checkpoint item. `revision` counts writes: for display and history only, never a condition. */
export interface CheckpointRow extends CheckpointState, CommitFacts {
  readonly revision: number;
  readonly writer: Writer;
  readonly workflowId: string;
  readonly parentShardIds: readonly string[];
}
