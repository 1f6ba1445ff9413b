import { backoffMs, type Backoff } from './pacing';
import { comparePositions, type Position } from './positions';

/** Delay between two tries of a failing batch: one second, doubling, at most a minute. */
export const HANDLER_BACKOFF: Backoff = { minMs: 1_000, maxMs: 60_000 };

/** Failures of one batch in a row, without progress. */
export interface FailureStreak {
  /** Position at which the batch starts. */
  readonly position: Position;
  readonly failures: number;
}

/** The streak after another failure: it goes on as long as the shard stands at the same position. */
export function countFailure(streak: FailureStreak | undefined, position: Position): FailureStreak {
  const goesOn = streak !== undefined && comparePositions(streak.position, position) === 0;
  return { position, failures: goesOn ? streak.failures + 1 : 1 };
}

/** What happens after a handler failure. Today a failing batch is tried again for ever: it is never skipped. */
export function retryDelayMs({ failures }: FailureStreak, random: number): number {
  return backoffMs(HANDLER_BACKOFF, failures, random);
}
