import { ApplicationFailure } from '@temporalio/activity';
import type { TrialMark } from '../core/checkpoint';
import { idleIntervalMs } from '../core/idle-slice';
import { comparePositions, SHARD_END, type Position } from '../core/positions';
import { checkpointKey } from '../core/names';
import type { Progress, SliceEnd, SliceInput, SliceResult } from '../core/shard-work';
import { timingOf } from '../core/timing';
import type { StreamWatch } from '../kinesis/stream-watch';
import type { HandlerRunner } from '../handler/handler-runner';
import type { BatchSource, Next } from './batch-source';
import { BatchWork } from './batch-work';
import { CheckpointHold, type HoldWorld } from './checkpoint-hold';
import { crashPoint } from './crash-point';
import { FailureSteps } from './failure-steps';
import { DueParked } from './due-parked';
import type { OpenSource } from './kept-sources';
import { openSource } from './open-source';
import type { ParkedKeys, ParkedKeysCache } from './parked-keys';
import { haltedByLoss } from './loss-halt';
import { RetentionWatch } from './retention-watch';
import { SliceHistory } from './slice-history';
import { logLoss } from './slice-log';
import { afterOrder, suspicionAt } from './slice-start';

type EmptyPage = Extract<Next, { kind: 'empty' }>;
type Offer = Exclude<Next, { kind: 'end' }>;

/** An idle shard's row says this often that it is caught up: retention, which it guards against, is a day or more. */
const IDLE_TOUCH_INTERVAL_MS = 300_000;

export interface SliceWorld extends HoldWorld {
  readonly watch: StreamWatch;
  readonly runner: HandlerRunner;
  readonly parkedKeys: ParkedKeysCache;
}

/**
 * One execution of `processBatches`: acquires the checkpoint, then fetches, handles and commits batch after batch until the
 * history interval is over, the shard ends, a stop is asked for, or the handler fails.
 */
export class Slice {
  private readonly hold: CheckpointHold;
  private readonly startedAtMs = performance.now();
  private work: BatchWork | undefined;
  private retention: RetentionWatch | undefined;
  private readonly due: DueParked;

  constructor(
    private readonly world: SliceWorld,
    private readonly input: SliceInput,
  ) {
    this.hold = new CheckpointHold(world, input);
    this.due = new DueParked({ ...world, hold: this.hold }, input);
  }

  async run(): Promise<SliceResult> {
    try {
      return await this.execute();
    } finally {
      const { dependencies, runtime } = this.world;
      const { historyTtlMs: ttlMs } = runtime.definition.options;
      const history = new SliceHistory({ ...runtime, ttlMs, worker: dependencies.worker }, this.hold, this.input);
      await history.recordRead(this.input.noted);
    }
  }

  private async execute(): Promise<SliceResult> {
    const acquired = await this.hold.acquire();
    if (acquired.kind === 'fenced') return this.fenced();
    const { position } = this.hold.checkpoint;
    if (position.at === 'SHARD_END') return this.result('shardEnd', { childShardIds: [] });
    const open = await this.unlessStopped(() => this.openSource(position));
    if (open === 'stopped') return this.stopped();
    let end: SliceEnd | undefined;
    try {
      const result = await this.workFrom(open.source, acquired.trial);
      end = result.end;
      return result;
    } finally {
      if (end === 'interval') this.world.dependencies.keptSources.keep(this.name, this.hold.checkpoint.token, open);
      else open.source.close();
    }
  }

  private async workFrom(source: BatchSource, trial: TrialMark | undefined): Promise<SliceResult> {
    const parked = await this.unlessStopped(() => this.due.run());
    if (parked === 'stopped' || parked === 'left') return this.stopped();
    if (parked === 'fenced') return this.fenced();
    this.work = this.beginWork(source, parked, trial);
    try {
      return await this.consume(source, this.work);
    } finally {
      this.world.parkedKeys.keep(this.name, this.hold.checkpoint.token, parked);
    }
  }

  private get name(): string {
    return checkpointKey(this.input.shard).pk;
  }

  private async openSource(position: Position): Promise<OpenSource> {
    const { ownership, ...world } = this.world;
    const { hold } = this;
    const { loss, ...open } = await openSource(
      { ...world, hold, stop: ownership.stop, onTrouble: (error) => hold.noteTrouble(error) },
      { shard: this.input.shard, token: hold.checkpoint.token, position, progress: hold.progress },
    );
    hold.leftOut = open.leftOut;
    const { onDataLoss, dataLossWarningPercent: warnPercent } = world.runtime.definition.options;
    this.retention = new RetentionWatch(
      hold,
      { retentionMs: open.retentionMs, warnPercent },
      this.input.wasAtRisk ?? false,
    );
    if (loss && !this.input.isLossAccepted) {
      hold.noteEvent({ kind: 'dataLoss', atMs: hold.now, ...loss });
      logLoss(this.input.shard, loss);
      if (onDataLoss === 'stop') {
        open.source.close();
        throw haltedByLoss(hold, loss, this.input, this.summary());
      }
    }
    return open;
  }

  private beginWork(source: BatchSource, parked: ParkedKeys, trial: TrialMark | undefined): BatchWork {
    const { hold, world, input } = this;
    const { order } = input;
    const policy = world.runtime.definition.options.onFailure;
    const at = { nowMs: hold.now, random: world.dependencies.random() };
    const signs = { carried: input.streak, trial, writer: hold.writer, ended: world.ownership.endedBefore };
    const { streak, death } = suspicionAt(hold.checkpoint.position, signs, policy, at);
    const steps = new FailureSteps({ ...world, hold });
    if (death) steps.noteDecision(death.decision, death.cause);
    if (order?.kind === 'retry' && !this.due.isOrderMissed) steps.noteUnparked(order);
    return new BatchWork(
      { ...world, hold, source, parked },
      {
        streak: death ? streak : afterOrder(streak, order),
        wasDeathCounted: death !== undefined,
        order,
        summary: () => this.summary(),
      },
    );
  }

  private async consume(source: BatchSource, work: BatchWork): Promise<SliceResult> {
    const { hold } = this;
    for (;;) {
      const next = await this.unlessStopped(() => source.next(this.world.ownership.stop));
      if (next === 'stopped') return this.stopped();
      if (next.kind === 'end') return this.finishShard(next.childShardIds);
      hold.progress = { ...hold.progress, millisBehindLatest: next.millisBehindLatest };
      this.retention?.see(next);
      if (next.kind === 'empty' && (await this.noteEmpty(next, work)) === 'fenced') return this.fenced();
      if (next.kind === 'batch') {
        crashPoint('fetched');
        const worked = await work.handle(next);
        if (worked === 'fenced') return this.fenced();
        // What this execution has learnt about the records would be lost.
        if (worked === 'again') continue;
      }
      if (this.isOver(next)) return this.result('interval');
    }
  }

  private async noteEmpty(next: EmptyPage, work: BatchWork): Promise<'committed' | 'fenced'> {
    this.hold.progress = caughtUpBy(this.hold.progress, next);
    if (next.caughtUpAtMs !== undefined) work.noteCaughtUp();
    return (await this.passOver(next)) === 'fenced' ? 'fenced' : this.touch(next);
  }

  /** An aggregate of which nothing was left to handle is committed by itself once nothing follows it: it must not be read for ever. */
  private async passOver({ passed }: EmptyPage): Promise<'committed' | 'fenced'> {
    const { hold } = this;
    if (passed === undefined) return 'committed';
    const position: Position = { at: 'AFTER', sequenceNumber: passed.sequenceNumber };
    if (comparePositions(position, hold.checkpoint.position) <= 0) return 'committed';
    return this.commitAlone(position, { ...hold.progress, lastArrivalMs: passed.arrivalMs });
  }

  /** Retention would seem to overtake the row of a shard that has long had nothing to commit. */
  private async touch({ caughtUpAtMs }: EmptyPage): Promise<'committed' | 'fenced'> {
    const { hold } = this;
    const { committedAtMs = 0 } = hold.progress;
    // Who committed last may have had a clock that is days ahead.
    const isRecent = Math.abs(hold.now - committedAtMs) < IDLE_TOUCH_INTERVAL_MS;
    if (caughtUpAtMs === undefined || isRecent) return 'committed';
    return this.commitAlone(hold.checkpoint.position, hold.progress);
  }

  /** A commit of no batch. */
  private async commitAlone(position: Position, progress: Progress): Promise<'committed' | 'fenced'> {
    const outcome = await this.hold.commit(position, { progress, records: 0 });
    return outcome === 'fenced' ? 'fenced' : 'committed';
  }

  private async unlessStopped<T>(action: () => Promise<T>): Promise<T | 'stopped'> {
    if (this.world.ownership.stopReason) return 'stopped';
    try {
      return await action();
    } catch (error) {
      if (this.world.ownership.stopReason) return 'stopped';
      throw error;
    }
  }

  private isOver(next: Offer): boolean {
    const { historyIntervalMs } = this.world.runtime.definition.options;
    // What follows a lost attempt reports as soon as it has got on: the next activity begins with attempt 1, and its delays anew.
    if (this.hold.writer.attempt > 1 && this.batches > 0) return true;
    // Somebody waits for the answer to an order, or there is much to tell.
    if (this.work?.isOrderDone || this.hold.hasManyEvents) return true;
    const isIdle = next.kind === 'empty' && this.batches === 0;
    const limitMs = isIdle ? Math.max(this.idleIntervalMs(next), historyIntervalMs) : historyIntervalMs;
    return performance.now() - this.startedAtMs >= limitMs;
  }

  private idleIntervalMs({ caughtUpAtMs }: EmptyPage): number {
    const { events, checkpoint, progress, writer } = this.hold;
    const isCaughtUp = caughtUpAtMs !== undefined;
    return idleIntervalMs(
      { attempt: writer.attempt, events: events.length, checkpoint, progress, isCaughtUp },
      this.input,
    );
  }

  private async finishShard(childShardIds: readonly string[]): Promise<SliceResult> {
    const { hold } = this;
    const progress = { ...hold.progress, millisBehindLatest: 0, caughtUpAtMs: hold.now };
    if ((await hold.commit(SHARD_END, { progress, records: 0 })) === 'fenced') return this.fenced();
    crashPoint('shardEndCommitted');
    return this.result('shardEnd', { childShardIds });
  }

  private stopped(): SliceResult {
    const reason = this.world.ownership.stopReason;
    // An operator's pause is obeyed by failing this attempt: Temporal starts the next one when it is resumed.
    if (reason === 'paused') throw ApplicationFailure.retryable('Paused by an operator', 'PAUSED');
    return this.result(reason ?? 'cancelled');
  }

  private fenced(): SliceResult {
    this.hold.noteFenced();
    return { ...this.summary(), end: 'fenced' };
  }

  private result(end: Exclude<SliceEnd, 'fenced'>, more: Pick<SliceResult, 'childShardIds'> = {}): SliceResult {
    crashPoint('reporting');
    const streak = this.work === undefined ? this.input.streak : this.work.streak;
    return { ...this.summary(), ...more, end, checkpoint: this.hold.checkpoint, streak: streak ?? null };
  }

  private summary(): Omit<SliceResult, 'end'> {
    const { dependencies, runtime } = this.world;
    const { hold } = this;
    return {
      runId: hold.writer.runId,
      progress: hold.progress,
      batches: this.batches,
      worker: dependencies.worker,
      timing: timingOf(runtime.definition.options),
      events: hold.events,
      ...(this.retention?.view ? { retention: this.retention.view } : {}),
      ...(this.work?.isOrderDone ? { orderDone: true } : {}),
      ...(this.due.isOrderMissed ? { orderMissed: true } : {}),
    };
  }

  private get batches(): number {
    return this.work?.batches ?? 0;
  }
}

/** Progress once everything that was offered is committed, and not before: a shard whose handler fails is not caught up. */
function caughtUpBy(progress: Progress, { caughtUpAtMs }: Offer): Progress {
  return caughtUpAtMs === undefined ? progress : { ...progress, caughtUpAtMs };
}
