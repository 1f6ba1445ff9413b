/** How long an activity without a batch lasts: pure. */
import type { CheckpointState } from './checkpoint';
import type { Progress, SliceInput } from './shard-work';

/**
 * Milliseconds, at least. A shard of which the workflow knows all there is to know costs next to nothing in Temporal; one that has news tells them
 * within a minute. The first batch after an idle time is told at once.
 */
export const IDLE_HISTORY_INTERVAL_MS = { quiet: 300_000, withNews: 60_000 } as const;

/** An execution that has found nothing to handle so far. */
export interface IdleSlice {
  readonly attempt: number;
  /** How many events it has noted. */
  readonly events: number;
  readonly checkpoint: CheckpointState;
  readonly progress: Progress;
  /** Kinesis has just answered that there is nothing more. */
  readonly isCaughtUp: boolean;
}

type Known = Pick<SliceInput, 'belief' | 'progress' | 'streak' | 'noted'>;

export function idleIntervalMs(slice: IdleSlice, known: Known): number {
  return IDLE_HISTORY_INTERVAL_MS[hasNews(slice, known) ? 'withNews' : 'quiet'];
}

function hasNews({ attempt, events, checkpoint, progress, isCaughtUp }: IdleSlice, known: Known): boolean {
  const knewCaughtUp = known.progress.caughtUpAtMs !== undefined && known.progress.millisBehindLatest === 0;
  return (
    !isCaughtUp ||
    !knewCaughtUp ||
    // Attempts before ended badly, and the workflow shows that until this one ends well.
    attempt > 1 ||
    known.streak !== undefined ||
    events > 0 ||
    (known.noted?.length ?? 0) > 0 ||
    checkpoint.token !== known.belief.token ||
    // They are looked at when a slice begins, and one of them may be due.
    (progress.parkedKeys ?? 0) > 0
  );
}
