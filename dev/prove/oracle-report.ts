import type { ViolationList, Violations as CollectedViolations } from './common/violations';

/**
 * What a run must satisfy. I1-I9 are the invariants of the guarantees page; `I0` and `DATA` guard the proof itself.
 *
 * - `I0`: what is handled was put, with that content, at that place (no aborted or invented read).
 * - `I1`: no loss: every acknowledged record is handled.
 * - `I2`: no commit before the effect: a commit covers only records handled before it was sent, by its own execution.
 * - `I3`: first handlings of a partition key are in shard order, across resharding too.
 * - `I4`: an execution handles consecutive records, beginning right after the position that was committed last.
 * - `I5`: a record is handled at most 1 + faults of its shard; with a batch limit: one batch uncommitted at most.
 * - `I6`: the checkpoint of a shard never goes back, along the chain of tokens and in real time.
 * - `I7`: one committer: no two writes follow the same token or leave the same position; a fenced execution stops.
 * - `I8`: no record of a child is handled before all its parents committed SHARD_END.
 * - `I9`: SHARD_END only once every record of the shard was handled.
 * - `DATA`: the data set itself is broken (counters, missing journals): the run proves nothing.
 */
export type InvariantId = 'I0' | 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8' | 'I9' | 'DATA';

export type Violations = CollectedViolations<InvariantId>;

export interface Report extends ViolationList<InvariantId> {
  /** Records acknowledged to a producer. */
  readonly records: number;
  /** Distinct records handled at least once. */
  readonly handled: number;
  /** Acknowledged records never handled. */
  readonly lost: number;
  readonly orderInversions: number;
  /** Handlings beyond the first of each record: `handled + duplicates` is the number of times the handler ran. */
  readonly duplicates: number;
  readonly duplicatesPerKill: number;
  /** The largest number of times one record was handled. */
  readonly maxHandlings: number;
  /** SIGKILL, SIGTERM and SIGSTOP sent to workers. */
  readonly kills: number;
  readonly commits: number;
  readonly commitsRefused: number;
  /** From a kill to the next sign of life of each shard the worker had, elsewhere; undefined without such a shard. */
  readonly resumeMsP50?: number;
  readonly resumeMsP99?: number;
}
