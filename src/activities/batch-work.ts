import { MAX_EFFECTS, type EffectsRefused } from '../checkpoints/checkpoint-store';
import {
  decideFailure,
  narrowAfterSuccess,
  streakAt,
  type FailureCause,
  type FailurePolicy,
  type FailureStreak,
} from '../core/failure-policy';
import { ALL_HANDLED, type RecordError } from '../core/outcome';
import { nameOfRecord } from '../core/record-name';
import { settle, setsAside, type GivenUp, type Settlement } from '../core/settlement';
import { concerns } from '../core/span';
import type { ParkedOrder, Progress, SliceResult } from '../core/shard-work';
import type { RawRecord } from '../kinesis/kinesis-port';
import { BatchFailedError, type HandlerRunner, type RunOutcome } from '../handler/handler-runner';
import type { BatchSource } from './batch-source';
import type { CheckpointHold, HoldWorld } from './checkpoint-hold';
import { suppressedChannel, type SuppressedMessage } from './diagnostics';
import { crashPoint } from './crash-point';
import { describeDecision, describeRetry, FailureSteps } from './failure-steps';
import type { PlacedLetter } from './letter-writer';
import type { ParkedKeys } from './parked-keys';
import { SpanChooser } from './span-chooser';
import { SpanCommit, type SettledSpan } from './span-commit';
import { describeRange, type BatchOffer, type Span } from './span';
import { Trials } from './trials';
import { WorkFailures } from './work-failures';

/** `again`: nothing was committed; the records were put back and are offered once more. */
export type WorkResult = 'committed' | 'fenced' | 'again';

export interface WorkWorld extends HoldWorld {
  readonly hold: CheckpointHold;
  readonly source: Pick<BatchSource, 'putBack'>;
  readonly runner: HandlerRunner;
  readonly parked: ParkedKeys;
}

export interface WorkStart {
  /** What failed before at this position. */
  readonly streak: FailureStreak | undefined;
  /** True if `streak` counts a death of the attempt before this one. */
  readonly wasDeathCounted: boolean;
  /** An operator's order about the record at which the shard halted. */
  readonly order: ParkedOrder | undefined;
  /** What a failure tells of the slice. */
  readonly summary: () => Omit<SliceResult, 'end'>;
}

const NO_ERROR: RecordError = { code: 'HANDLER_FAILED', message: 'The record failed' };

/**
 * What happens with a batch: it is run, and what was handled, filtered or given up is committed. What failed follows the failure policy,
 * one step per execution: the decision of each failure stands in Temporal's history.
 */
export class BatchWork {
  batches = 0;
  private streakSoFar: FailureStreak | undefined;
  private skip: ParkedOrder | undefined;
  private readonly chooser: SpanChooser;
  private readonly spanCommit: SpanCommit;
  private readonly steps: FailureSteps;
  private readonly trials: Trials;
  private readonly failures: WorkFailures;

  constructor(
    private readonly world: WorkWorld,
    private readonly start: WorkStart,
  ) {
    this.streakSoFar = start.streak;
    this.skip = start.order?.kind === 'skip' && start.order.keyDigest === undefined ? start.order : undefined;
    this.chooser = new SpanChooser(world, this.policy);
    this.steps = new FailureSteps(world);
    this.trials = new Trials(world, start.wasDeathCounted);
    this.failures = new WorkFailures(world, start.summary);
    this.spanCommit = new SpanCommit(world, {
      progressWith: (progress, letters) => this.progressWith(progress, letters),
      markAfter: (position, offered) => this.trials.markOf(narrowAfterSuccess(this.streakSoFar, position, offered)),
      onCommitted: (letters, offered) => this.noteCommit(letters, offered),
    });
  }

  private noteCommit(letters: readonly PlacedLetter[], offered: number): void {
    this.batches += 1;
    this.steps.noteLetters(letters, this.skip);
    if (letters.length > 0) this.skip = undefined;
    for (const { letter } of letters) if (letter.status === 'PARKED') this.world.parked.add(letter);
    this.streakSoFar = narrowAfterSuccess(this.streakSoFar, this.world.hold.checkpoint.position, offered);
  }

  private progressWith(progress: Progress, letters: readonly PlacedLetter[]): Progress {
    const newlyParked = letters.flatMap(({ letter }) => (letter.status === 'PARKED' ? [letter.partitionKey] : []));
    const parkedKeys = this.world.parked.sizeWith(newlyParked);
    return parkedKeys === 0 && progress.parkedKeys === undefined ? progress : { ...progress, parkedKeys };
  }

  /** What is still under suspicion. */
  get streak(): FailureStreak | undefined {
    return streakAt(this.streakSoFar, this.world.hold.checkpoint.position);
  }

  /** Whether the operator's order was carried out, or has nothing to be carried out on. */
  get isOrderDone(): boolean {
    return this.start.order !== undefined && this.skip === undefined;
  }

  /** Handles and commits the beginning of a batch. What it does not get to is put back. */
  async handle(offer: BatchOffer): Promise<WorkResult> {
    this.forgetWhatIsGone(offer.records[0]);
    const span = this.chooser.choose(offer, this.streak);
    // Its key is through: nothing keeps it from being tried.
    if (this.streak?.condition === 'PartitionKeyParked' && span.diverted.length === 0 && !this.skip)
      this.streakSoFar = undefined;
    const known = this.settleKnown(span);
    if (known !== undefined) return known;
    try {
      const outcome = await this.run(span, this.streak);
      if (outcome === 'left') return this.putBack(span);
      return outcome === 'fenced' ? outcome : await this.settle(span, outcome);
    } catch (error) {
      return this.afterFailure(span, error);
    }
  }

  /** What becomes of a span whose handler need not run; undefined if it must. */
  private settleKnown(span: Span): Promise<WorkResult> | undefined {
    const isDiverting = span.diverted.length > 0;
    const { streak } = this;
    if (streak?.phase === 'final' && (this.skip || !isDiverting)) return this.giveUp(span, streak);
    if (this.chooser.roomBefore(span) === 0) return this.haltFull(span);
    this.skip = undefined;
    const [first] = span.records;
    const error = first && this.chooser.rejections.get(nameOfRecord(first));
    if (error === undefined || isDiverting) return undefined;
    return this.settle(span, { ...ALL_HANDLED, rejected: [{ index: 0, error }] });
  }

  /** Nothing is left in the stream: neither is the record that somebody wants skipped. */
  noteCaughtUp(): void {
    if (this.skip) this.forgetWhatIsGone(undefined);
  }

  /** The records that failed are not there any more: what comes now must not stand for them. */
  private forgetWhatIsGone(first: RawRecord | undefined): void {
    const { streak } = this;
    if (!streak || (first && concerns(streak, first))) return;
    if (this.skip) this.steps.noteGone(streak.through);
    this.streakSoFar = undefined;
    this.skip = undefined;
  }

  private afterFailure(span: Span, failure: unknown): Promise<WorkResult> | WorkResult {
    this.world.ownership.lost.throwIfAborted();
    if (!(failure instanceof BatchFailedError)) throw failure;
    const { kind, error, index = 0 } = failure;
    if (kind === 'rejected') return this.standAlone(span, index, error);
    return this.decide(span, { kind: kind === 'died' ? 'died' : 'failed', error });
  }

  private haltFull(span: Span): Promise<WorkResult> {
    const message = `More than ${this.policy.maxParkedRecords} records of parked partition keys wait`;
    const error: RecordError = { code: 'PARTITION_KEY_PARKED', message };
    const halt: GivenUp = { index: 0, error, condition: 'PartitionKeyParked', attempts: 0 };
    return this.apply(span, { settlement: { covered: 0, givenUp: [], halt }, filtered: [], transact: [] });
  }

  private get policy(): FailurePolicy {
    return this.world.runtime.definition.options.onFailure;
  }

  private async run(span: Span, streak: FailureStreak | undefined): Promise<RunOutcome | 'left' | 'fenced'> {
    const { ownership, hold, runner } = this.world;
    const records = span.offeredRecords;
    this.tellSuppressed(span);
    if (records.length === 0) return ALL_HANDLED;
    const request = {
      shard: hold.shard,
      records,
      millisBehindLatest: span.offer.millisBehindLatest,
      attempt: (streak?.failures ?? 0) + 1,
      fence: hold.checkpoint.fence ?? 0,
      redrive: false,
      lost: ownership.lost,
      // A record under suspicion may have to be set aside after its thread has died.
      keepPayloads: streak !== undefined || records.length === 1,
    };
    const outcome = await this.trials.run(span, streak, () => {
      crashPoint('handling');
      return runner.run(request);
    });
    crashPoint('handled');
    return outcome;
  }

  /** Records among those that failed which were handled before: they are not handed over again. */
  private tellSuppressed({ records: { length }, offered, diverted }: Span): void {
    const records = length - offered.length - diverted.length;
    const { shard } = this.world.hold;
    if (records > 0) suppressedChannel.publish({ shard, records } satisfies SuppressedMessage);
  }

  private putBack(span: Span): 'again' {
    this.world.source.putBack(span.records);
    return 'again';
  }

  /** Whether the records before it were handled is not known: they run again, without it. */
  private standAlone(span: Span, offeredIndex: number, error: RecordError): 'again' {
    const record = span.offeredRecords[offeredIndex];
    if (record) this.chooser.rejections.set(nameOfRecord(record), error);
    return this.putBack(span);
  }

  /** All that is known is that one of the records failed. */
  private decide(span: Span, cause: FailureCause): Promise<WorkResult> {
    const { hold, dependencies } = this.world;
    const { policy } = this;
    const failed = { before: this.streak, trial: span.trial(hold.checkpoint.position), cause };
    const decision = decideFailure(policy, failed, { nowMs: hold.now, random: dependencies.random() });
    this.streakSoFar = decision.streak;
    this.steps.noteDecision(decision, cause);
    if (decision.kind === 'final') return this.giveUp(span, decision.streak);
    const what = `The handler failed on ${describeRange(span.offeredRecords)}; ${describeDecision(decision, policy)}`;
    throw this.failures.toBeTriedAgain(cause.error, what, decision);
  }

  /** The one offered record of the span has failed for good. */
  private giveUp(span: Span, streak: FailureStreak): Promise<WorkResult> {
    const index = span.offered[0] ?? span.diverted[0] ?? 0;
    const { error = NO_ERROR, condition = 'RetryAttemptsExhausted', failures: attempts } = streak;
    const given: GivenUp = { index, error, condition, attempts };
    const isSetAside = setsAside(this.chooser.policyFor(span, [given])) || this.skip !== undefined;
    const settlement = isSetAside
      ? { covered: span.records.length, givenUp: [given] }
      : { covered: index, givenUp: [], halt: given };
    return this.apply(span, { settlement, filtered: [], transact: [], ...(this.skip ? { skip: this.skip } : {}) });
  }

  private async settle(span: Span, outcome: RunOutcome): Promise<WorkResult> {
    const { hold, dependencies } = this.world;
    const outcomes = span.fromOffered(outcome);
    const { position } = hold.checkpoint;
    const input = { position, records: span.records, outcomes, diverted: span.diverted, streak: this.streak };
    const world = { nowMs: hold.now, random: dependencies.random() };
    const first = settle(this.policy, input, world);
    const policy = this.chooser.policyFor(span, first.givenUp);
    const settlement = policy === this.policy ? first : settle(policy, input, world);
    const { covered } = settlement;
    const { transact = [] } = outcome;
    if (transact.length > 0 && covered > 0 && covered < span.records.length) {
      this.chooser.borders.add(span.nameAt(covered));
      return this.putBack(span);
    }
    return this.apply(span, { settlement, filtered: outcomes.filtered, transact });
  }

  private async apply(span: Span, settled: SettledSpan & { readonly settlement: Settlement }): Promise<WorkResult> {
    const { settlement, transact } = settled;
    const outcome = await this.spanCommit.commit(span, settled);
    if (outcome === 'fenced') return 'fenced';
    if (outcome === 'left') return 'again';
    if (outcome !== 'committed') return this.afterRefusal(span, outcome);
    if (transact.length > 0 && transact.length * 2 <= MAX_EFFECTS) this.chooser.maxOffered *= 2;
    return this.goOn(span, settlement);
  }

  /** What comes after the commit of what was settled. */
  private goOn(span: Span, { covered, retry, halt }: Settlement): WorkResult {
    if (halt) {
      this.steps.noteHalt(span.nameAt(halt.index), halt.error);
      throw this.failures.halted(span, halt);
    }
    if (retry === undefined) return 'committed';
    this.streakSoFar = retry.streak;
    const { failures, records, error = NO_ERROR } = retry.streak;
    if (failures === 0) {
      this.world.source.putBack(span.records.slice(covered));
      return 'committed';
    }
    this.steps.noteRetry(retry.streak, retry.delayMs, error);
    const what = `${records} of ${describeRange(span.records)} are to be tried again`;
    throw this.failures.toBeTriedAgain(error, `${what}; ${describeRetry(retry, this.policy)}`, retry);
  }

  /** Neither effects nor checkpoint were written. What a handler returns has no effect of its own, so it may run again. */
  private afterRefusal(span: Span, { code, message, detail }: EffectsRefused): Promise<WorkResult> | WorkResult {
    const isShown = this.world.runtime.definition.options.errorDetail === 'message' && detail !== undefined;
    const error = { code, message: isShown ? `${message}: ${detail}` : message };
    if (code === 'EFFECT_REFUSED') return this.decide(span, { kind: 'failed', error });
    // Letters of parked keys count, too: only a record that has the transaction to itself can never fit.
    const due = span.offered.length + span.diverted.length;
    if (due <= 1) return this.standAlone(span, 0, error);
    this.chooser.maxOffered = Math.floor(due / 2);
    return this.putBack(span);
  }
}
