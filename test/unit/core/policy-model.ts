import {
  decideFailure,
  narrowAfterSuccess,
  streakAt,
  type FailureCause,
  type FailurePolicy,
  type FailureStreak,
} from '../../../src/core/failure-policy';
import { ALL_HANDLED, type RecordError, type RecordOutcomes } from '../../../src/core/outcome';
import { TRIM_HORIZON, type Position } from '../../../src/core/positions';
import { nameOfRecord, positionAfter } from '../../../src/core/record-name';
import { settle, type SettledRecord } from '../../../src/core/settlement';
import { chooseSpan } from '../../../src/core/span';

/** How a record meets the handler: always well, not before so many tries, never, never and the handler knows it, or deadly. */
export type Temper = 'fine' | { readonly failsFirst: number } | 'poison' | 'rejected' | 'deadly';

export interface PolicyRun {
  readonly policy: FailurePolicy;
  readonly tempers: readonly Temper[];
  /** Records per offer, repeated: what a page happened to bring. */
  readonly offers: readonly number[];
  /** User records per record of Kinesis, repeated; 0 for a record that is no aggregate. */
  readonly aggregates?: readonly number[];
  /** `throws`: the handler stops at the first failure and says nothing else. `names`: it says what became of each. */
  readonly handler: 'throws' | 'names';
  /** Steps after which an execution dies between the handler and its commit. */
  readonly crashes?: ReadonlySet<number>;
}

const ERROR: RecordError = { code: 'HANDLER_FAILED', message: 'no' };
const DIED: FailureCause = { kind: 'died', error: { code: 'HANDLER_DIED', message: 'gone' } };
const MAX_STEPS = 20_000;

/** A shard, its handler and the failure policy without any I/O: what an execution of `processBatches` does, step by step. */
export class PolicyModel {
  readonly violations: string[] = [];
  /** Indexes of records that were set aside. */
  readonly letters = new Set<number>();
  readonly succeeded = new Set<number>();
  readonly runsOf: number[];
  runs = 0;
  steps = 0;
  private committed = 0;
  private streak: FailureStreak | undefined;
  private readonly rejections = new Set<string>();
  private readonly records: readonly SettledRecord[];

  constructor(private readonly run: PolicyRun) {
    this.runsOf = run.tempers.map(() => 0);
    this.records = placed(run.tempers.length, run.aggregates ?? [0]);
  }

  play(): this {
    const { tempers } = this.run;
    while (this.committed < tempers.length && this.violations.length === 0) {
      this.steps += 1;
      if (this.steps > MAX_STEPS) this.violations.push('does not come to an end');
      this.step();
    }
    return this;
  }

  private get position(): Position {
    const last = this.records[this.committed - 1];
    return last === undefined ? TRIM_HORIZON : positionAfter(last);
  }

  private nameOf(index: number): string {
    const record = this.records[index];
    return record ? nameOfRecord(record) : '';
  }

  private step(): void {
    const { offers, tempers } = this.run;
    const size = Math.max(1, offers[this.steps % offers.length] ?? 1);
    const offered = [...tempers.keys()].slice(this.committed, this.committed + size);
    const streak = streakAt(this.streak, this.position);
    const standsAlone = (name: string): boolean => this.rejections.has(name);
    const choice = chooseSpan(
      offered.map((index) => this.nameOf(index)),
      { streak, maxOffered: Infinity, standsAlone },
    );
    const span = offered.slice(0, choice.length);
    if (streak?.phase === 'final') return this.giveUp(span, choice.offered);
    if (standsAlone(this.nameOf(span[0] ?? 0)))
      return this.settle(span, { ...ALL_HANDLED, rejected: [{ index: 0, error: ERROR }] });
    this.tryOut(span, choice.offered);
  }

  private tryOut(span: readonly number[], offered: readonly number[]): void {
    const tried = offered.map((index) => span[index] ?? 0);
    if (tried.length > 0) this.runs += 1;
    for (const record of tried) this.note(record);
    const isDeadly = tried.some((record) => this.run.tempers[record] === 'deadly');
    const dies = tried.length > 0 && this.run.crashes?.has(this.steps);
    if (isDeadly || dies) return this.fail(span, offered, DIED);
    const bad = tried.filter((record) => this.isBad(record));
    const [first] = bad;
    if (this.run.handler === 'throws' && first !== undefined) return this.throwAt(span, offered, first);
    for (const record of tried) if (!bad.includes(record)) this.succeeded.add(record);
    this.settle(span, this.outcomesOf(span, bad));
  }

  private throwAt(span: readonly number[], offered: readonly number[], record: number): void {
    if (this.run.tempers[record] === 'rejected') this.rejections.add(this.nameOf(record));
    else this.fail(span, offered, { kind: 'failed', error: ERROR });
  }

  private outcomesOf(span: readonly number[], bad: readonly number[]): RecordOutcomes {
    const isRejected = (record: number): boolean => this.run.tempers[record] === 'rejected';
    const outcome = (record: number): { index: number; error: RecordError } => ({
      index: span.indexOf(record),
      error: ERROR,
    });
    return {
      ...ALL_HANDLED,
      rejected: bad.filter(isRejected).map(outcome),
      failed: bad.filter((record) => !isRejected(record)).map(outcome),
    };
  }

  private note(record: number): void {
    this.runsOf[record] = (this.runsOf[record] ?? 0) + 1;
    if (record < this.committed) this.violations.push(`record ${record} runs after its commit`);
    if (this.run.handler === 'names' && this.succeeded.has(record) && !this.run.crashes)
      this.violations.push(`record ${record} runs again after the handler named others only`);
  }

  private isBad(record: number): boolean {
    const temper = this.run.tempers[record];
    if (typeof temper === 'object') return (this.runsOf[record] ?? 0) <= temper.failsFirst;
    return temper === 'poison' || temper === 'rejected';
  }

  private fail(span: readonly number[], offered: readonly number[], cause: FailureCause): void {
    const trial = {
      position: this.position,
      through: this.nameOf(span.at(-1) ?? 0),
      records: offered.length,
      oldestArrivalMs: 0,
    };
    const world = { nowMs: 0, random: 0 };
    const decision = decideFailure(this.run.policy, { before: this.streak, trial, cause }, world);
    this.streak = decision.streak;
    if (decision.kind === 'final') this.giveUp(span, offered);
  }

  private giveUp(span: readonly number[], offered: readonly number[]): void {
    if (offered.length !== 1) this.violations.push(`${offered.length} records are given up together`);
    this.letters.add(span[offered[0] ?? 0] ?? 0);
    this.commit(span, span.length, offered);
  }

  private settle(span: readonly number[], outcomes: RecordOutcomes): void {
    const records = span.flatMap((record) => this.records[record] ?? []);
    const { position } = this;
    const input = { position, records, outcomes, streak: streakAt(this.streak, position) };
    const { covered, givenUp, retry } = settle(this.run.policy, input, { nowMs: 0, random: 0 });
    for (const { index } of givenUp) this.letters.add(span[index] ?? 0);
    this.commit(span, covered, [...span.keys()]);
    if (retry) this.streak = retry.streak;
  }

  private commit(span: readonly number[], covered: number, offered: readonly number[]): void {
    for (const record of span.slice(0, covered)) {
      const isDealtWith = this.letters.has(record) || (!this.isBad(record) && (this.runsOf[record] ?? 0) > 0);
      if (!isDealtWith) this.violations.push(`record ${record} is committed though nothing became of it`);
    }
    this.committed += covered;
    const handled = offered.filter((index) => index < covered).length;
    this.streak = narrowAfterSuccess(this.streak, this.position, handled);
  }
}

function placed(count: number, aggregates: readonly number[]): SettledRecord[] {
  const records: SettledRecord[] = [];
  for (let at = 0; records.length < count; at += 1) {
    const size = aggregates[at % aggregates.length] ?? 0;
    const record = { sequenceNumber: String(1_000 + at), arrivalMs: 0 };
    if (size === 0) records.push(record);
    for (let sub = 0; sub < size; sub += 1)
      records.push({ ...record, subSequenceNumber: sub, hasMore: sub < size - 1 });
  }
  return records.slice(0, count);
}
