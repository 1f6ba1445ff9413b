import { ApplicationFailure } from '@temporalio/activity';
import { codeOf } from '../core/errors';
import type { RecordError } from '../core/outcome';
import type { ShardIdentity } from '../core/names';
import { positionAfter } from '../core/record-name';
import { isCaughtUpWith, selectInRange } from '../core/replay-range';
import { cautionAfter, deathsBefore, widthAfterSuccess, type Caution } from '../core/replay-caution';
import { addGain, NO_GAIN, type ReplayGain, type ReplaySliceInput, type ReplaySliceResult } from '../core/replay';
import type { ShardReplay } from '../core/replay';
import { timingOf } from '../core/timing';
import type { RawRecord } from '../kinesis/kinesis-port';
import type { StreamWatch } from '../kinesis/stream-watch';
import type { BatchSource, Next } from './batch-source';
import type { HeartbeatNote } from './ownership';
import { ReplayRuns, type ReplayWorld } from './replay-runs';
import { openReplaySource } from './replay-source';

/** After so long the workflow hears of it: what it shows is as old as this at most, and a crash repeats about as much. */
const SLICE_MS = 5_000;

/** What a slice has come to, for the attempt after it. */
export interface SliceSoFar {
  readonly shard: ShardReplay;
  readonly gain: ReplayGain;
  /** Attempt in which that was reached. */
  readonly reachedIn: number;
}

export interface ReplayNote extends HeartbeatNote {
  readonly replay?: SliceSoFar;
}

export interface ReplaySliceWorld extends Omit<ReplayWorld, 'shard' | 'request'> {
  readonly watch: StreamWatch;
  readonly attempt: number;
}

type End = ReplaySliceResult['end'];

const DIED: RecordError = {
  code: 'HANDLER_DIED',
  message: 'The process ended while the handler had the record, also when it had it alone',
};

/** One execution of `replayShard`: reads from where the replay has come, until its time is over, the range ends, or it is to stop. */
export class ReplaySlice {
  private readonly startedAtMs = performance.now();
  private readonly runs: ReplayRuns;
  private readonly identity: ShardIdentity;
  private caution: Caution;
  private reachedIn: number;
  private shard: ShardReplay;
  private gain: ReplayGain;
  private waitingFor: string | undefined;
  /** The next slice would not begin where this one has begun. */
  private hasMoved: boolean;

  constructor(
    private readonly world: ReplaySliceWorld,
    private readonly input: ReplaySliceInput,
    before: SliceSoFar | undefined,
  ) {
    const { request, shardId } = input;
    this.identity = { ...request.stream, shardId };
    this.shard = before?.shard ?? input.shard;
    this.gain = before?.gain ?? NO_GAIN;
    this.hasMoved = this.gain.counts.records > 0;
    this.reachedIn = before?.reachedIn ?? 1;
    this.caution = this.cautionNow();
    this.runs = new ReplayRuns({ ...world, request, shard: this.identity }, () => this.failuresLeft());
  }

  async run(): Promise<ReplaySliceResult> {
    this.note();
    try {
      return await this.read();
    } catch (error) {
      // The oldest shards of a stream age out while it is read.
      if (codeOf(error) === 'SHARD_NOT_FOUND' && this.world.ownership.stopReason === undefined) return this.agedOut();
      const reason = this.leaveReason(false);
      if (reason === undefined) throw error;
      return this.result(reason);
    }
  }

  private async read(): Promise<ReplaySliceResult> {
    const source = await this.open();
    try {
      return await this.readFrom(source);
    } finally {
      source.close();
    }
  }

  private async readFrom(source: BatchSource): Promise<ReplaySliceResult> {
    const { range } = this.input.request;
    for (;;) {
      const end = this.leaveReason();
      if (end !== undefined) return this.result(end);
      const next = await source.next(this.world.ownership.stop);
      if (next.kind === 'end') return this.result('rangeEnd');
      if (next.kind === 'empty') {
        if (this.passOver(next) || isCaughtUpWith(range.to, next.caughtUpAtMs)) return this.result('rangeEnd');
        continue;
      }
      const worked = await this.handle(source, next.records);
      if (worked !== undefined) return this.result(worked);
    }
  }

  private async open(): Promise<BatchSource> {
    const { ownership } = this.world;
    const { source, loss } = await openReplaySource(
      { ...this.world, stop: ownership.stop, onTrouble: (error) => this.noteTrouble(error) },
      { shard: this.identity, range: this.input.request.range, replay: this.shard },
    );
    if (loss) this.gain = addGain(this.gain, { ...NO_GAIN, loss });
    return source;
  }

  /** The beginning of a batch; the rest is put back. Returns how the slice ends, if it does. */
  private async handle(source: BatchSource, offered: readonly RawRecord[]): Promise<End | undefined> {
    const { range } = this.input.request;
    const records = offered.slice(0, this.caution.maxRecords);
    source.putBack(offered.slice(records.length));
    const { inside, isOver } = selectInRange(records, range);
    const [first] = inside;
    const gain =
      this.caution.hasKilled && first
        ? this.runs.giveUp(first, DIED, this.world.attempt - 1)
        : inside.length === 0
          ? NO_GAIN
          : await this.runs.handle(inside);
    // Handled again by the next slice.
    if (gain === 'left') return this.leaveReason(false) ?? 'interval';
    this.world.ownership.assertOwner();
    this.gain = addGain(this.gain, gain);
    this.moveBehind(records);
    if (isOver) return 'rangeEnd';
    return this.failuresLeft() <= 0 ? 'failed' : undefined;
  }

  /** Aggregates of which nothing was left to handle. Whether the range is over with them. */
  private passOver({ passed }: Extract<Next, { kind: 'empty' }>): boolean {
    if (passed === undefined) return false;
    this.shard = { ...this.shard, position: positionAfter(passed), lastArrivalMs: passed.arrivalMs };
    this.hasMoved = true;
    this.note();
    return selectInRange([passed], this.input.request.range).isOver;
  }

  private moveBehind(records: readonly RawRecord[]): void {
    const last = records.at(-1);
    if (last === undefined) return;
    const { maxRecords } = this.caution;
    const { maxBatchRecords } = this.world.runtime.definition.options;
    const width = widthAfterSuccess(maxRecords, maxBatchRecords);
    this.shard = {
      position: positionAfter(last),
      lastArrivalMs: last.arrivalMs,
      ...(width < maxBatchRecords ? { width } : {}),
    };
    this.hasMoved = true;
    this.reachedIn = this.world.attempt;
    this.caution = { maxRecords: width, hasKilled: false };
    this.note();
  }

  private cautionNow(): Caution {
    const { attempt, ownership, runtime } = this.world;
    const { maxBatchRecords, onFailure } = runtime.definition.options;
    const width = Math.min(this.shard.width ?? maxBatchRecords, maxBatchRecords);
    // Deaths since this position was reached.
    const deaths = Math.min(attempt - this.reachedIn, deathsBefore(attempt, ownership.endedBefore));
    return cautionAfter(deaths, width, onFailure.maxDeaths);
  }

  private failuresLeft(): number {
    return this.input.failuresLeft - this.gain.counts.failed;
  }

  private async agedOut(): Promise<ReplaySliceResult> {
    const { span } = this.input.request;
    const fromMs = this.shard.lastArrivalMs ?? span.fromMs;
    const loss = { fromMs, toMs: this.world.dependencies.now(), cause: 'retention' as const };
    this.gain = addGain(this.gain, { ...NO_GAIN, loss });
    return this.result('rangeEnd');
  }

  /** Why to end here, if so. */
  private leaveReason(isTimed = true): End | undefined {
    const { ownership } = this.world;
    ownership.assertOwner();
    // An operator's pause is obeyed by failing this attempt: Temporal starts the next one when it is resumed.
    if (ownership.stopReason === 'paused') throw ApplicationFailure.retryable('Paused by an operator', 'PAUSED');
    if (ownership.stopReason !== undefined) return ownership.stopReason;
    if (!isTimed) return undefined;
    // Kinesis may give many empty pages before a record, and how far they have come only the iterator knows: a slice that ended among them
    // would be made again and again.
    if (!this.hasMoved) return undefined;
    // What follows a death reports as soon as it has got on.
    const isOver = performance.now() - this.startedAtMs >= SLICE_MS;
    const hasGotOn = this.world.attempt > 1 && this.gain.counts.records > 0;
    return isOver || hasGotOn ? 'interval' : undefined;
  }

  private noteTrouble(error: unknown): void {
    this.waitingFor = error === undefined ? undefined : (codeOf(error) ?? 'INTERNAL');
    this.note();
  }

  private note(): void {
    const { shard, gain, waitingFor, reachedIn } = this;
    const position = shard.position === undefined ? 'not begun' : JSON.stringify(shard.position);
    const replay: SliceSoFar = { shard, gain, reachedIn };
    const note: ReplayNote = { position, records: gain.counts.records, replay };
    this.world.ownership.describe(waitingFor === undefined ? note : { ...note, waitingFor });
  }

  private result(end: End): ReplaySliceResult {
    const { dependencies, runtime } = this.world;
    const { shard, gain } = this;
    return { end, shard, ...gain, timing: timingOf(runtime.definition.options), worker: dependencies.worker };
  }
}
