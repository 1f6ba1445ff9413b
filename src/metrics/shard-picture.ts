import type {
  CommittedMessage,
  PageReadMessage,
  SliceBegunMessage,
  SliceEndedMessage,
  TroubleMessage,
} from '../activities/diagnostics';
import type { ShardIdentity } from '../core/names';
import { compareSequenceNumbers } from '../core/positions';

/** Between two slices of a shard on this worker there is a moment in which nobody runs it. */
const HAND_OVER_MS = 10_000;
/** A failed attempt is made again by Temporal within seconds, but a worker may be frozen meanwhile. */
const FAILED_MS = 60_000;
/** An open shard is asked at least this often, unless something is wrong. */
const SILENCE_MS = 30_000;

/** What this worker has of a shard: `waiting` between two slices, or before a retry. */
export type Hold = 'running' | 'waiting' | 'parked' | 'gone';

interface UnhandledPage {
  readonly firstArrivalMs: number;
  readonly lastSequenceNumber: string;
}

/**
 * What one process knows of one shard, from the messages of its activities. All times are epoch milliseconds; what is read off grows by
 * itself, so that a shard that is stuck shows.
 */
export class ShardPicture {
  retentionMs: number | undefined;
  parkedKeys = 0;
  private held: Hold = 'running';
  private heldUntilMs = Infinity;
  private committedAtMs: number | undefined;
  private committedArrivalMs = 0;
  private millisBehindLatest = 0;
  private readAtMs: number | undefined;
  private pages: UnhandledPage[] = [];
  /** Reading has begun anew from the checkpoint: what was read before comes again. */
  private isReopened = false;
  private progressAtMs: number;
  private waitingForCode: string | undefined;
  /** All records that the row has passed, and those of which the workflow has heard. */
  private committedRecords = 0;
  private toldRecords = 0;

  constructor(
    readonly shard: ShardIdentity,
    nowMs: number,
  ) {
    this.progressAtMs = nowMs;
  }

  begin({ progress }: Pick<SliceBegunMessage, 'progress'>, nowMs: number): void {
    this.held = 'running';
    this.heldUntilMs = Infinity;
    this.committedAtMs = progress.committedAtMs ?? this.committedAtMs ?? nowMs;
    this.committedArrivalMs = progress.lastArrivalMs ?? this.committedArrivalMs;
    this.parkedKeys = progress.parkedKeys ?? 0;
    this.toldRecords = progress.totals.records;
    this.committedRecords = Math.max(this.committedRecords, this.toldRecords);
    this.isReopened = true;
    this.waitingForCode = undefined;
    this.progressAtMs = nowMs;
  }

  end({ end, code, retryAfterMs = 0, halt }: SliceEndedMessage, nowMs: number): void {
    if (tells({ end, code })) this.toldRecords = this.committedRecords;
    const [held, ms] = holdAfter({ end, code, retryAfterMs, halt }, nowMs);
    this.held = held;
    this.heldUntilMs = nowMs + ms;
    this.waitingForCode = undefined;
  }

  read({ records, millisBehindLatest, firstArrivalMs, lastSequenceNumber }: PageReadMessage, nowMs: number): void {
    if (this.isReopened) this.pages = [];
    this.isReopened = false;
    // Pages without records on the way to the tip are progress, too.
    if (this.pages.length === 0) this.progressAtMs = nowMs;
    this.readAtMs = nowMs;
    this.millisBehindLatest = millisBehindLatest;
    if (records > 0 && firstArrivalMs !== undefined && lastSequenceNumber !== undefined)
      this.pages.push({ firstArrivalMs, lastSequenceNumber });
  }

  commit({ checkpoint: { position }, progress }: CommittedMessage, nowMs: number): void {
    this.committedAtMs = nowMs;
    this.progressAtMs = nowMs;
    this.committedArrivalMs = progress.lastArrivalMs ?? this.committedArrivalMs;
    this.parkedKeys = progress.parkedKeys ?? 0;
    this.committedRecords = progress.totals.records;
    this.waitingForCode = undefined;
    if (position.at === 'SHARD_END') this.pages = [];
    if (position.at !== 'AFTER' || position.subSequenceNumber !== undefined) return;
    const { sequenceNumber } = position;
    this.pages = this.pages.filter((page) => compareSequenceNumbers(page.lastSequenceNumber, sequenceNumber) > 0);
  }

  /** What the row has and the workflow has not heard of: its slice is under way, or has died. */
  get driftRecords(): number {
    return Math.max(0, this.committedRecords - this.toldRecords);
  }

  trouble({ code }: TroubleMessage, nowMs: number): void {
    this.waitingForCode = code;
    this.progressAtMs = nowMs;
  }

  holdAt(nowMs: number): Hold {
    return nowMs < this.heldUntilMs ? this.held : 'gone';
  }

  /** How far reading is behind the tip; undefined before the first answer. */
  lagMsAt(nowMs: number): number | undefined {
    if (this.readAtMs === undefined) return undefined;
    const sinceMs = Math.max(0, nowMs - this.readAtMs);
    const isAtTip = this.millisBehindLatest === 0 && this.pages.length === 0;
    return isAtTip && sinceMs < SILENCE_MS ? 0 : this.millisBehindLatest + sinceMs;
  }

  /** Age of the oldest record that is known and not committed: of its page's first record, or of the last one committed if that is younger. */
  oldestMsAt(nowMs: number): number | undefined {
    const [page] = this.pages;
    if (page) return Math.max(0, nowMs - Math.max(page.firstArrivalMs, this.committedArrivalMs));
    return this.lagMsAt(nowMs);
  }

  checkpointAgeMsAt(nowMs: number): number | undefined {
    return this.committedAtMs === undefined ? undefined : Math.max(0, nowMs - this.committedAtMs);
  }

  retentionUsedAt(nowMs: number): number | undefined {
    const oldestMs = this.oldestMsAt(nowMs);
    return oldestMs === undefined || !this.retentionMs ? undefined : oldestMs / this.retentionMs;
  }

  /** For how long a running shard has made no progress although it knows of records; 0 if it has, or waits for a service to come back. */
  stuckMsAt(nowMs: number): number {
    const knowsOfData = this.pages.length > 0 || this.millisBehindLatest > 0;
    if (this.holdAt(nowMs) !== 'running' || !knowsOfData || this.waitingForCode !== undefined) return 0;
    return Math.max(0, nowMs - this.progressAtMs);
  }
}

/** Whether the workflow hears what the slice has committed. */
function tells({ end, code }: Pick<SliceEndedMessage, 'end' | 'code'>): boolean {
  if (code) return code === 'HANDLER_FAILED' || code === 'DATA_LOST';
  return end !== 'fenced' && end !== 'paused';
}

/** What the end of a slice leaves this worker with, and for how long at most. */
function holdAfter(
  { end, code, retryAfterMs = 0, halt }: Omit<SliceEndedMessage, 'shard'>,
  nowMs: number,
): readonly [Hold, number] {
  if (halt) return ['parked', halt.retryAtMs === undefined ? Infinity : halt.retryAtMs - nowMs + HAND_OVER_MS];
  if (code === 'OWNERSHIP_EXPIRED') return ['gone', 0];
  if (code) return ['waiting', retryAfterMs > 0 ? retryAfterMs + HAND_OVER_MS : FAILED_MS];
  return end === 'interval' ? ['waiting', HAND_OVER_MS] : ['gone', 0];
}
