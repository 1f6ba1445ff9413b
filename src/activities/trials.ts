import type { TrialMark } from '../core/checkpoint';
import type { FailureStreak } from '../core/failure-policy';
import { hasEnded } from '../core/trial';
import type { CheckpointHold, HoldWorld } from './checkpoint-hold';
import { describeRange, type Span } from './span';

/**
 * Trials of records that an execution may have died on. Each is marked in the checkpoint's row before it begins, so that the next attempt
 * knows that it was this trial that did not end; and there is one at a time in a process.
 */
export class Trials {
  /** An earlier attempt ended without a word, and nothing was committed since: the batch that comes now may have been the reason. */
  private isSuspicious: boolean;

  constructor(
    private readonly world: HoldWorld & { readonly hold: CheckpointHold },
    private readonly wasDeathCounted: boolean,
  ) {
    const { attempt } = world.hold.writer;
    this.isSuspicious = attempt > 1 && !hasEnded(world.ownership.endedBefore, attempt - 1);
  }

  /** Runs at once what is not under suspicion. `left`: the slice is to end before its turn came. */
  async run<T>(
    span: Span,
    streak: FailureStreak | undefined,
    action: () => Promise<T>,
  ): Promise<T | 'left' | 'fenced'> {
    if (!this.isSuspicious && !isDeadly(streak)) return action();
    const { dependencies, ownership, hold } = this.world;
    const trial = async (): Promise<T | 'fenced'> => {
      if ((await this.mark(span, streak)) === 'fenced') return 'fenced';
      hold.describe(undefined, describeRange(span.records));
      return action();
    };
    const deaths = isDeadly(streak) ? Math.max(1, streak?.deaths ?? 0) : 0;
    try {
      return await dependencies.trialLane.run(trial, { deaths, stop: ownership.stop });
    } finally {
      this.isSuspicious = false;
      hold.describe();
    }
  }

  /** What a commit says of a range that is still being searched: the row remembers it, whatever happens to this process. */
  markOf(streak: FailureStreak | undefined): TrialMark | undefined {
    return streak && isDeadly(streak) ? this.markWith(streak, false) : undefined;
  }

  private async mark(span: Span, streak: FailureStreak | undefined): Promise<'committed' | 'fenced'> {
    const { hold } = this.world;
    const { position } = hold.checkpoint;
    const records = span.offered.length;
    const isNarrower = streak !== undefined && records < streak.records;
    // A death that no mark has told of is the first.
    const uncounted = this.isSuspicious && !this.wasDeathCounted ? 1 : 0;
    const tried: FailureStreak = {
      failures: uncounted,
      phase: 'retry',
      ...streak,
      position,
      through: span.through,
      records,
      deaths: isNarrower ? 0 : (streak?.deaths ?? 0) + uncounted,
    };
    const content = { progress: hold.progress, records: 0, trial: this.markWith(tried, true) };
    return (await hold.commit(position, content)) === 'fenced' ? 'fenced' : 'committed';
  }

  private markWith(streak: FailureStreak, isRunning: boolean): TrialMark {
    const { runId, activitySeq, attempt } = this.world.hold.writer;
    return { streak, isRunning, runId, activitySeq, attempt };
  }
}

/** Its records have killed an execution, be it in more company than they have now. */
function isDeadly(streak: FailureStreak | undefined): boolean {
  return streak !== undefined && (streak.deaths > 0 || streak.error?.code === 'HANDLER_DIED');
}
