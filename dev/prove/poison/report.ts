import type { Violation, ViolationList, Violations as Collected } from '../common/violations';
import type { PoisonKind } from './kinds';

/**
 * What a poison run must satisfy.
 *
 * - `LETTERS`: exactly one dead letter for each poison, with its payload byte for byte, and none for another record.
 * - `LOST`: every other record was handled.
 * - `POISON`: no poison counts as handled.
 * - `ORDER`: first handlings of a partition key are in shard order.
 * - `REPEATS`: no record reaches the handler again after a commit that covers it, nor without a failure or death before.
 * - `CALLS`, `BLOCKED`: no more handler calls, and no shard stands still for longer, than the policy allows for the poison.
 * - `LEAKS`: no record data in histories, dead letters' errors, status and logs.
 * - `DATA`: the run itself is broken: it proves nothing.
 */
export type PoisonInvariant =
  'LETTERS' | 'LOST' | 'POISON' | 'ORDER' | 'REPEATS' | 'CALLS' | 'BLOCKED' | 'LEAKS' | 'DATA';

export type Violations = Collected<PoisonInvariant>;
export type PoisonViolation = Violation<PoisonInvariant>;

/** What one poison cost its shard. */
export interface PoisonCost {
  readonly number: number;
  readonly kind: PoisonKind;
  /** Handler calls beyond the one that would have been enough without it. */
  readonly extraCalls: number;
  readonly allowedCalls: number;
  /** From the first call with the record until a commit has covered it, without the time when there was no worker at all. */
  readonly blockedMs: number;
  readonly allowedMs: number;
}

export interface PoisonReport extends ViolationList<PoisonInvariant> {
  readonly records: number;
  readonly poisons: number;
  readonly letters: number;
  readonly handled: number;
  readonly lost: number;
  readonly orderInversions: number;
  readonly duplicates: number;
  readonly processDeaths: number;
  readonly commits: number;
  readonly leaks: number;
  readonly costs: readonly PoisonCost[];
}
