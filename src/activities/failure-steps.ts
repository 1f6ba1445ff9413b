import { log } from '@temporalio/activity';
import type { Decision, FailureCause, FailurePolicy, FailureStreak } from '../core/failure-policy';
import { trialSize } from '../core/failure-policy';
import type { RecordError } from '../core/outcome';
import { describePosition } from '../core/positions';
import { nameOfRecord } from '../core/record-name';
import { describeEvent } from '../core/shard-details';
import type { FailureStep, ParkedOrder, StepRange } from '../core/shard-work';
import type { CheckpointHold, HoldWorld } from './checkpoint-hold';
import type { PlacedLetter } from './letter-writer';
import { placeOf } from './slice-log';

const NO_ERROR: RecordError = { code: 'HANDLER_FAILED', message: 'The record failed' };

/** Every step of the failure policy becomes an event of the shard and a line of the worker's log. */
export class FailureSteps {
  constructor(private readonly world: HoldWorld & { readonly hold: CheckpointHold }) {}

  noteDecision(decision: Decision, { kind, error }: FailureCause): void {
    const { streak } = decision;
    const range = this.rangeOf(streak, error);
    if (kind === 'died') this.note({ kind: 'died', deaths: streak.deaths, ...range });
    if (decision.kind === 'retry') this.noteRetry(streak, decision.delayMs, error);
    if (decision.kind === 'cut') this.note({ kind: 'cut', size: trialSize(streak), ...range });
  }

  noteRetry(streak: FailureStreak, delayMs: number, error: RecordError): void {
    const { maxAttempts } = this.world.runtime.definition.options.onFailure;
    const attempt = streak.failures + 1;
    this.note({ kind: 'retry', attempt, of: maxAttempts, delayMs, ...this.rangeOf(streak, error) });
  }

  noteLetters(letters: readonly PlacedLetter[], skip: ParkedOrder | undefined): void {
    for (const { letter } of letters) {
      const { errors, status, condition } = letter;
      const sequenceNumber = nameOfRecord(letter);
      // Those that follow a parked record are too many to be told one by one.
      if (condition === 'PartitionKeyParked') continue;
      const { code, attempts } = errors.at(-1) ?? { ...NO_ERROR, attempts: 0 };
      const record = { atMs: this.world.hold.now, sequenceNumber, code };
      if (skip) this.note({ kind: 'skipped', by: skip.by, ...(skip.reason ? { reason: skip.reason } : {}), ...record });
      else if (status === 'PARKED') this.note({ kind: 'parked', by: 'partitionKey', ...record });
      else this.note({ kind: 'deadLettered', attempts, ...record });
    }
  }

  noteHalt(sequenceNumber: string, { code }: RecordError): void {
    this.note({ kind: 'parked', by: 'shard', atMs: this.world.hold.now, sequenceNumber, code });
  }

  noteUnparked({ by, reason }: Pick<ParkedOrder, 'by' | 'reason'>): void {
    this.note({ kind: 'unparked', atMs: this.world.hold.now, by, ...(reason ? { reason } : {}) });
  }

  noteGone(sequenceNumber: string): void {
    this.note({ kind: 'gone', atMs: this.world.hold.now, sequenceNumber });
  }

  private note(step: FailureStep): void {
    this.world.hold.noteEvent(step);
    log.warn(describeEvent(step), placeOf(this.world.hold.shard));
  }

  private rangeOf({ position, through, records }: FailureStreak, { code }: RecordError): StepRange {
    return { atMs: this.world.hold.now, after: describePosition(position), through, records, code };
  }
}

/** What comes after a failure, for people. */
export function describeDecision(decision: Decision, policy: FailurePolicy): string {
  const { streak } = decision;
  if (decision.kind === 'cut') return `cut: the first ${trialSize(streak)} are tried next`;
  if (decision.kind === 'final') return 'given up';
  return describeRetry(decision, policy);
}

/** When the next attempt is, and the how many-th. */
export function describeRetry(
  { streak, delayMs }: { readonly streak: FailureStreak; readonly delayMs: number },
  { maxAttempts }: FailurePolicy,
): string {
  return `attempt ${streak.failures + 1} of ${maxAttempts} in ${(delayMs / 1_000).toFixed(1)} s`;
}
