import { ApplicationFailure } from '@temporalio/activity';
import type { FailureStreak } from '../core/failure-policy';
import type { RecordError } from '../core/outcome';
import type { GivenUp } from '../core/settlement';
import type { Halt } from '../core/halt';
import type { HandlerFailure, SliceResult } from '../core/shard-work';
import type { CheckpointHold, HoldWorld } from './checkpoint-hold';
import type { Span } from './span';

/** The failures by which an activity ends whose records failed: the decided state like a normal result, and what comes next. */
export class WorkFailures {
  constructor(
    private readonly world: HoldWorld & { readonly hold: CheckpointHold },
    private readonly summary: () => Omit<SliceResult, 'end'>,
  ) {}

  toBeTriedAgain(
    error: RecordError,
    what: string,
    { streak, delayMs }: { readonly streak: FailureStreak; readonly delayMs: number },
  ): ApplicationFailure {
    return this.failure(error, what, { streak, retryAfterMs: delayMs });
  }

  /** A record was given up that is not set aside. */
  halted(span: Span, { index, error, condition, attempts }: GivenUp): ApplicationFailure {
    const { hold, runtime } = this.world;
    const { then, parkForMs } = runtime.definition.options.onFailure;
    const sequenceNumber = span.nameAt(index);
    const how = then === 'stop' ? 'stop' : 'park';
    const { position } = hold.checkpoint;
    const range = { position, through: sequenceNumber, records: 1, failures: attempts, deaths: 0 };
    const streak: FailureStreak = { ...range, phase: 'final', error, condition };
    const retryAtMs = how === 'park' && parkForMs !== undefined ? hold.now + parkForMs : undefined;
    const halt = { how, sequenceNumber, sinceMs: hold.now, ...(retryAtMs === undefined ? {} : { retryAtMs }) } as const;
    const next = how === 'stop' ? 'the consumer stops' : 'the shard is parked';
    const tried = attempts === 0 ? 'cannot be passed' : `failed for good after ${attempts} attempts`;
    return this.failure(error, `Record ${sequenceNumber} ${tried}; ${next}`, { streak, retryAfterMs: 0, halt });
  }

  private failure(
    error: RecordError,
    what: string,
    next: { readonly streak: FailureStreak; readonly retryAfterMs: number; readonly halt?: Halt },
  ): ApplicationFailure {
    const { hold } = this.world;
    const message = `${what}: ${error.message}`;
    const details: HandlerFailure = {
      ...this.summary(),
      ...next,
      checkpoint: hold.checkpoint,
      error: { code: error.code, message, atMs: hold.now },
    };
    return ApplicationFailure.create({ type: 'HANDLER_FAILED', message, nonRetryable: true, details: [details] });
  }
}
