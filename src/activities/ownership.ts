import type { Context } from '@temporalio/activity';
import { codeOf, TidemarkError } from '../core/errors';
import { defaultConsumerOptions } from '../core/option-values';
import { endedWith, type EndedAttempts } from '../core/trial';

/**
 * Temporal's SDK sends one when 0.8 of the time-out have passed since the last: more often than this would only cost CPU time, in a process of
 * many shards a good part of what they cost when idle.
 */
const HEARTBEATS_PER_TIMEOUT = 4;
/** A cancellation comes with the answer to one, and the SDK lets one through every 60 s at least. */
const MAX_BEAT_MS = 15_000;

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
  /** Attempts before the one that comes next that did not die. */
  readonly ended?: EndedAttempts;
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
  /** Attempts before this one that ended by an error, as far as they could tell. */
  readonly endedBefore: EndedAttempts | undefined;
  /** The mark of the dead letter that the handler has alone now. */
  markedLetter: string | undefined;
  private lastBeatMs: number;
  private note: HeartbeatNote | undefined;
  private reason: StopReason | undefined;
  private readonly heartbeatTimeoutMs: number;

  constructor(
    private readonly context: Context,
    private readonly monotonicMs: () => number = () => performance.now(),
  ) {
    this.lastBeatMs = monotonicMs();
    // The workflow always names it.
    this.heartbeatTimeoutMs = context.info.heartbeatTimeoutMs ?? defaultConsumerOptions.heartbeatTimeoutMs;
    this.endedBefore = (context.info.heartbeatDetails as Partial<HeartbeatNote> | undefined)?.ended;
    this.timer = setInterval(
      () => this.beat(),
      Math.min(MAX_BEAT_MS, this.heartbeatTimeoutMs / HEARTBEATS_PER_TIMEOUT),
    );
    context.cancellationSignal.addEventListener('abort', () => this.onCancellation(), { once: true });
    if (context.cancellationSignal.aborted) this.onCancellation();
    context.heartbeat(this.noteWith(this.endedBefore));
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

  /**
   * The next attempt is told that this one did not die. By a heartbeat, because a write may be just what has failed, or must not leave
   * (undecided); and because Temporal's SDK sends the last heartbeat's details with the failure: Temporal hears of both, or of neither.
   */
  noteEnd(error: unknown): void {
    if (this.lost.aborted) return;
    const { attempt } = this.context.info;
    const end = { attempt, code: codeOf(error) ?? 'INTERNAL', letter: this.markedLetter } as const;
    this.context.heartbeat(this.noteWith(endedWith(this.endedBefore, end)));
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
    this.context.heartbeat(this.noteWith(this.endedBefore));
  }

  /** Every heartbeat takes the place of the last one: what attempts before have told is told again. */
  private noteWith(ended: EndedAttempts | undefined): Partial<HeartbeatNote> | undefined {
    return ended === undefined ? this.note : { ...this.note, ended };
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
