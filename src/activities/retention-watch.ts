import { watchRetention, type RetentionView } from '../core/retention-clock';
import type { Progress } from '../core/shard-work';
import type { Next } from './batch-source';
import type { CheckpointHold } from './checkpoint-hold';

/** Watches, with each answer of Kinesis, how near a shard is to losing records. Crossing the border is an event of the shard. */
export class RetentionWatch {
  view: RetentionView | undefined;

  constructor(
    private readonly hold: CheckpointHold,
    private readonly limits: Pick<RetentionView, 'retentionMs' | 'warnPercent'>,
    private wasAtRisk: boolean,
  ) {}

  see(next: Exclude<Next, { kind: 'end' }>): void {
    const { hold, limits } = this;
    const safeSinceMs = safeSince(next, hold.progress, hold.now);
    const { view, step } = watchRetention({ ...limits, safeSinceMs }, hold.now, this.wasAtRisk);
    this.view = view;
    this.wasAtRisk = view.isAtRisk;
    if (step) hold.noteEvent(step);
  }
}

/** All before the batch at hand was handled; without one, all that was read. */
function safeSince(next: Exclude<Next, { kind: 'end' }>, { lastArrivalMs = 0 }: Progress, nowMs: number): number {
  if (next.kind === 'batch') return Math.max(lastArrivalMs, next.records[0]?.arrivalMs ?? 0);
  return Math.max(lastArrivalMs, next.caughtUpAtMs ?? nowMs - next.millisBehindLatest);
}
