import type { Context } from '@temporalio/activity';
import { TidemarkError } from '../core/errors';

/** Why a slice should end at its next commit, although the shard is still this execution's. */
export type StopReason = 'cancelled' | 'handOver' | 'paused';

/** What a pending activity shows of itself (`temporal workflow describe`). */
export interface HeartbeatNote {
  readonly position: string;
  readonly records: number;
  /** Code of what is being waited out. */
  readonly waitingFor?: string;
  /** Records under suspicion that the handler has now. */
  readonly trying?: string;
}

/**
 * Whether this activity execution still owns its shard, as far as it can know.
 *
 * Heartbeats come from a timer of their own. A timer that comes too late by the heartbeat timeout means that the process was
 * frozen, and that Temporal has given the shard to another: then the execution gives up by itself.
 */
export class Ownership {
  private readonly lostController = new AbortController();
  private readonly stopController = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private lastBeatMs: number;
  private note: HeartbeatNote | undefined;
  private reason: StopReason | undefined;

  constructor(
    private readonly context: Context,
    private readonly heartbeatTimeoutMs: number,
    private readonly monotonicMs: () => number = () => performance.now(),
  ) {
    this.lastBeatMs = monotonicMs();
    this.timer = setInterval(() => this.beat(), Math.min(1_000, heartbeatTimeoutMs / 4));
    context.cancellationSignal.addEventListener('abort', () => this.onCancellation(), { once: true });
    if (context.cancellationSignal.aborted) this.onCancellation();
    context.heartbeat();
  }

  /** Aborts when what this execution does can no longer be committed. */
  get lost(): AbortSignal {
    return this.lostController.signal;
  }

  /** Aborts when the slice should end: on a stop, a hand-over, or a loss. */
  get stop(): AbortSignal {
    return this.stopController.signal;
  }

  get stopReason(): StopReason | undefined {
    return this.reason;
  }

  /** @throws `OWNERSHIP_EXPIRED`, or why the shard was lost */
  assertOwner(): void {
    if (this.monotonicMs() - this.lastBeatMs > this.heartbeatTimeoutMs) this.lose(this.expired());
    this.lost.throwIfAborted();
  }

  describe(note: HeartbeatNote): void {
    this.note = note;
  }

  /** Ends what still runs on behalf of the execution: a page that is being read ahead would otherwise be waited for without end. */
  close(): void {
    clearInterval(this.timer);
    this.stopController.abort(new TidemarkError('OWNERSHIP_EXPIRED', 'The slice has ended'));
  }

  private beat(): void {
    const now = this.monotonicMs();
    if (now - this.lastBeatMs > this.heartbeatTimeoutMs) return this.lose(this.expired());
    this.lastBeatMs = now;
    this.context.heartbeat(this.note);
  }

  private onCancellation(): void {
    const details = this.context.cancellationDetails;
    if (details?.notFound || details?.timedOut || details?.reset) {
      return this.lose(new TidemarkError('OWNERSHIP_EXPIRED', 'Temporal has given this shard to another execution'));
    }
    this.reason = details?.workerShutdown ? 'handOver' : details?.paused ? 'paused' : 'cancelled';
    this.stopController.abort(new TidemarkError('OWNERSHIP_EXPIRED', `The slice ends: ${this.reason}`));
  }

  private expired(): TidemarkError {
    return new TidemarkError(
      'OWNERSHIP_EXPIRED',
      `This process did nothing for longer than ${this.heartbeatTimeoutMs} ms`,
    );
  }

  private lose(reason: TidemarkError): void {
    this.lostController.abort(reason);
    this.stopController.abort(reason);
    clearInterval(this.timer);
  }
}
