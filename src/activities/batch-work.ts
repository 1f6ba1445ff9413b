import { MAX_EFFECTS, type EffectsRefused } from '../checkpoints/checkpoint-store';
import {
  decideFailure,
  narrowAfterSuccess,
  streakAt,
  type FailureCause,
  type FailureStreak,
} from '../core/failure-policy';
import { ALL_HANDLED, type RecordError } from '../core/outcome';
import { settle, type GivenUp, type Settlement } from '../core/settlement';
import type { ParkedOrder, SliceResult } from '../core/shard-work';
import { chooseSpan } from '../core/span';
import { BatchFailedError, type HandlerRunner, type RunOutcome } from '../handler/handler-runner';
import type { BatchSource } from './batch-source';
import type { CheckpointHold, HoldWorld } from './checkpoint-hold';
import { crashPoint } from './crash-point';
import { describeDecision, FailureSteps } from './failure-steps';
import { handlerFailure } from './handler-failure';
import type { PlacedLetter } from './letter-writer';
import { SpanCommit, type SettledSpan } from './span-commit';
import { describeRange, Span, type BatchOffer } from './span';
import { Trials } from './trials';

/** `again`: nothing was committed; the records were put back and are offered once more. */
export type WorkResult = 'committed' | 'fenced' | 'again';

export interface WorkWorld extends HoldWorld {
  readonly hold: CheckpointHold;
  readonly source: Pick<BatchSource, 'putBack'>;
  readonly runner: HandlerRunner;
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
  /** Records that can never succeed, found in company: they are settled alone. */
  private readonly rejections = new Map<string, RecordError>();
  /** Most records whose effects fit one transaction, as far as is known. */
  private maxOffered = Infinity;
  private readonly spanCommit: SpanCommit;
  private readonly steps: FailureSteps;
  private readonly trials: Trials;

  constructor(
    private readonly world: WorkWorld,
    private readonly start: WorkStart,
  ) {
    this.streakSoFar = start.streak;
    this.skip = start.order?.kind === 'skip' && start.order.partitionKey === undefined ? start.order : undefined;
    this.steps = new FailureSteps(world);
    this.trials = new Trials(world, start.wasDeathCounted);
    this.spanCommit = new SpanCommit(world, {
      markAfter: (position, offered) => this.trials.markOf(narrowAfterSuccess(this.streakSoFar, position, offered)),
      onCommitted: (letters, offered) => this.noteCommit(letters, offered),
    });
  }

  private noteCommit(letters: readonly PlacedLetter[], offered: number): void {
    this.batches += 1;
    this.steps.noteLetters(letters, this.skip);
    if (letters.length > 0) this.skip = undefined;
    this.streakSoFar = narrowAfterSuccess(this.streakSoFar, this.world.hold.checkpoint.position, offered);
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
    const span = this.choose(offer);
    const { streak } = this;
    if (streak?.phase === 'final') return this.giveUp(span, streak);
    this.skip = undefined;
    const [first] = span.records;
    const known = first && this.rejections.get(first.sequenceNumber);
    if (known) return this.settle(span, { ...ALL_HANDLED, rejected: [{ index: 0, error: known }] });
    try {
      const outcome = await this.run(span, streak);
      if (outcome === 'left') return this.putBack(span);
      return outcome === 'fenced' ? outcome : await this.settle(span, outcome);
    } catch (error) {
      return this.afterFailure(span, error);
    }
  }

  private afterFailure(span: Span, failure: unknown): Promise<WorkResult> | WorkResult {
    this.world.ownership.lost.throwIfAborted();
    if (!(failure instanceof BatchFailedError)) throw failure;
    const { kind, error, index = 0 } = failure;
    if (kind === 'rejected') return this.standAlone(span, index, error);
    return this.decide(span, { kind: kind === 'died' ? 'died' : 'failed', error });
  }

  private choose(offer: BatchOffer): Span {
    const { records } = offer;
    const choice = chooseSpan(
      records.map(({ sequenceNumber }) => sequenceNumber),
      {
        streak: this.streak,
        maxOffered: this.maxOffered,
        standsAlone: (sequenceNumber) => this.rejections.has(sequenceNumber),
      },
    );
    this.world.source.putBack(records.slice(choice.length));
    return new Span(offer, choice);
  }

  private async run(span: Span, streak: FailureStreak | undefined): Promise<RunOutcome | 'left' | 'fenced'> {
    const { ownership, hold, runner } = this.world;
    const records = span.offeredRecords;
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

  private putBack(span: Span): 'again' {
    this.world.source.putBack(span.records);
    return 'again';
  }

  /** Whether the records before it were handled is not known: they run again, without it. */
  private standAlone(span: Span, offeredIndex: number, error: RecordError): 'again' {
    const record = span.offeredRecords[offeredIndex];
    if (record) this.rejections.set(record.sequenceNumber, error);
    return this.putBack(span);
  }

  /** All that is known is that one of the records failed. */
  private decide(span: Span, cause: FailureCause): Promise<WorkResult> {
    const { hold, runtime, dependencies } = this.world;
    const policy = runtime.definition.options.onFailure;
    const world = { nowMs: hold.now, random: dependencies.random() };
    const decision = decideFailure(
      policy,
      { before: this.streak, trial: span.trial(hold.checkpoint.position), cause },
      world,
    );
    this.streakSoFar = decision.streak;
    this.steps.noteDecision(decision, cause);
    if (decision.kind === 'final') return this.giveUp(span, decision.streak);
    const what = `The handler failed on ${describeRange(span.offeredRecords)}; ${describeDecision(decision, policy)}`;
    throw this.failure(cause.error, what, decision);
  }

  /** The one offered record of the span has failed for good. */
  private giveUp(span: Span, streak: FailureStreak): Promise<WorkResult> {
    const index = span.offered[0] ?? 0;
    const { error = NO_ERROR, condition = 'RetryAttemptsExhausted', failures: attempts } = streak;
    const given: GivenUp = { index, error, condition, attempts };
    const isSetAside = this.world.runtime.definition.options.onFailure.then === 'deadLetter' || this.skip !== undefined;
    const settlement = isSetAside
      ? { covered: span.records.length, givenUp: [given] }
      : { covered: index, givenUp: [], halt: given };
    return this.apply(span, { settlement, filtered: [], transact: [], ...(this.skip ? { skip: this.skip } : {}) });
  }

  private settle(span: Span, outcome: RunOutcome): Promise<WorkResult> {
    const { hold, runtime, dependencies } = this.world;
    const outcomes = span.fromOffered(outcome);
    const settlement = settle(
      runtime.definition.options.onFailure,
      { position: hold.checkpoint.position, records: span.records, outcomes, streak: this.streak },
      { nowMs: hold.now, random: dependencies.random() },
    );
    return this.apply(span, { settlement, filtered: outcomes.filtered, transact: outcome.transact ?? [] });
  }

  private async apply(span: Span, settled: SettledSpan & { readonly settlement: Settlement }): Promise<WorkResult> {
    const { settlement, transact } = settled;
    const outcome = await this.spanCommit.commit(span, settled);
    if (outcome === 'fenced') return 'fenced';
    if (outcome === 'left') return 'again';
    if (outcome !== 'committed') return this.afterRefusal(span, outcome);
    if (transact.length > 0 && transact.length * 2 <= MAX_EFFECTS) this.maxOffered *= 2;
    return this.goOn(span, settlement);
  }

  /** What comes after the commit of what was settled. */
  private goOn(span: Span, { covered, retry, halt }: Settlement): WorkResult {
    if (halt) throw this.halted(span, halt);
    if (retry === undefined) return 'committed';
    this.streakSoFar = retry.streak;
    const { failures, records, error = NO_ERROR } = retry.streak;
    if (failures === 0) {
      this.world.source.putBack(span.records.slice(covered));
      return 'committed';
    }
    this.steps.noteRetry(retry.streak, retry.delayMs, error);
    const { maxAttempts } = this.world.runtime.definition.options.onFailure;
    const next = `attempt ${failures + 1} of ${maxAttempts} in ${(retry.delayMs / 1_000).toFixed(1)} s`;
    throw this.failure(error, `${records} of ${describeRange(span.records)} are to be tried again; ${next}`, retry);
  }

  /** Neither effects nor checkpoint were written. What a handler returns has no effect of its own, so it may run again. */
  private afterRefusal(span: Span, { code, message, detail }: EffectsRefused): Promise<WorkResult> | WorkResult {
    const isShown = this.world.runtime.definition.options.errorDetail === 'message' && detail !== undefined;
    const error = { code, message: isShown ? `${message}: ${detail}` : message };
    if (code === 'EFFECT_REFUSED') return this.decide(span, { kind: 'failed', error });
    if (span.offered.length <= 1) return this.standAlone(span, 0, error);
    this.maxOffered = Math.floor(span.offered.length / 2);
    return this.putBack(span);
  }

  private halted(span: Span, { index, error, condition, attempts }: GivenUp): Error {
    const { hold, runtime } = this.world;
    const { then, parkForMs } = runtime.definition.options.onFailure;
    const sequenceNumber = span.records[index]?.sequenceNumber ?? '';
    const how = then === 'stop' ? 'stop' : 'park';
    this.steps.noteHalt(sequenceNumber, error);
    const { position } = hold.checkpoint;
    const range = { position, through: sequenceNumber, records: 1, failures: attempts, deaths: 0 };
    const streak: FailureStreak = { ...range, phase: 'final', error, condition };
    const retryAtMs = how === 'park' && parkForMs !== undefined ? hold.now + parkForMs : undefined;
    const halt = { how, sequenceNumber, sinceMs: hold.now, ...(retryAtMs === undefined ? {} : { retryAtMs }) } as const;
    const next = how === 'stop' ? 'the consumer stops' : 'the shard is parked';
    const what = `Record ${sequenceNumber} failed for good after ${attempts} attempts; ${next}`;
    return handlerFailure({ ...this.told(error, what), streak, retryAfterMs: 0, halt });
  }

  private failure(error: RecordError, what: string, next: { streak: FailureStreak; delayMs: number }): Error {
    return handlerFailure({ ...this.told(error, what), streak: next.streak, retryAfterMs: next.delayMs });
  }

  private told(error: RecordError, what: string) {
    const { hold } = this.world;
    return { error, what, checkpoint: hold.checkpoint, summary: this.start.summary(), nowMs: hold.now };
  }
}
