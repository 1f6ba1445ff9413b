import { activityInfo, ApplicationFailure } from '@temporalio/activity';
import { Committer, type Claim } from '../checkpoints/committer';
import type { CheckpointState, CommitFacts, Writer } from '../core/checkpoint';
import { codeOf } from '../core/errors';
import { countFailure } from '../core/failure-policy';
import { IDLE_HISTORY_INTERVAL_MS } from '../core/options';
import { describePosition, SHARD_END, type Position } from '../core/positions';
import type { Progress, ShardEvent, SliceEnd, SliceInput, SliceResult } from '../core/shard-work';
import { timingOf } from '../core/timing';
import { KinesisRecord } from '../handler/record';
import { runHandler } from '../handler/run-handler';
import type { StreamWatch } from '../kinesis/stream-watch';
import type { BatchSource, Next } from './batch-source';
import { crashPoint } from './crash-point';
import type { ActivityDependencies, ConsumerRuntime } from './dependencies';
import {
  claimedChannel,
  committedChannel,
  fencedChannel,
  type ClaimedMessage,
  type CommittedMessage,
} from './diagnostics';
import { handlerFailure } from './handler-failure';
import { openSource } from './open-source';
import type { Ownership } from './ownership';
import { sleep } from './sleep';
import { logFenced, logLoss, logTrouble } from './slice-log';

/** An idle shard's row says at least this often that it is caught up: retention, which it guards against, is a day or more. */
const IDLE_TOUCH_INTERVAL_MS = 300_000;

type BatchOffer = Extract<Next, { kind: 'batch' }>;

export interface SliceWorld {
  readonly dependencies: ActivityDependencies;
  readonly runtime: ConsumerRuntime;
  readonly watch: StreamWatch;
  readonly ownership: Ownership;
}

/**
 * One execution of `processBatches`: acquires the checkpoint, then fetches, handles and commits batch after batch until the
 * history interval is over, the shard ends, a stop is asked for, or the handler fails.
 */
export class Slice {
  private readonly committer: Committer;
  private readonly writer: Writer;
  private readonly events: ShardEvent[] = [];
  private readonly startedAtMs = performance.now();
  private progress: Progress;
  private batches = 0;

  constructor(
    private readonly world: SliceWorld,
    private readonly input: SliceInput,
  ) {
    const info = activityInfo();
    const { runId, workflowId } = info.workflowExecution ?? { runId: '', workflowId: '' };
    this.writer = { runId, activityId: info.activityId, activitySeq: input.activitySeq, attempt: info.attempt };
    this.progress = input.progress;
    const { dependencies, runtime, ownership } = world;
    this.committer = new Committer(
      {
        store: runtime.store,
        mintToken: dependencies.mintToken,
        random: dependencies.random,
        // A commit is made again as long as the shard is this execution's. A claim protects no work, so a stop ends it.
        sleep: (ms) => sleep(ms, this.committer.current ? ownership.lost : ownership.stop),
        assertOwner: () => ownership.assertOwner(),
        onTrouble: (error) => this.noteTrouble(error),
      },
      { shard: input.shard, writer: this.writer, workflowId, parentShardIds: input.parentShardIds },
    );
  }

  async run(): Promise<SliceResult> {
    const sentAtNs = process.hrtime.bigint();
    const acquired = await this.committer.acquire(this.input.belief, this.facts());
    if (acquired.kind === 'fenced') return this.fenced();
    this.progress = acquired.facts;
    if (acquired.claimed) this.noteClaim(acquired.claimed, acquired.checkpoint, sentAtNs);
    this.describe();
    if (acquired.checkpoint.position.at === 'SHARD_END') return this.result('shardEnd', { childShardIds: [] });
    const source = await this.unlessStopped(() => this.openSource(acquired.checkpoint.position));
    return source === 'stopped' ? this.stopped() : this.consume(source);
  }

  private noteClaim({ adopted, previousToken }: Claim, checkpoint: CheckpointState, sentAtNs: bigint): void {
    this.events.push({ kind: 'claimed', atMs: this.now(), adopted });
    const message: ClaimedMessage = {
      shard: this.input.shard,
      writer: this.writer,
      checkpoint,
      previousToken,
      sentAtNs,
    };
    claimedChannel.publish(message);
  }

  private async openSource(position: Position): Promise<BatchSource> {
    const { ownership, ...world } = this.world;
    const { source, loss } = await openSource(
      { ...world, stop: ownership.stop, onTrouble: (error) => this.noteTrouble(error) },
      { shard: this.input.shard, position, progress: this.progress },
    );
    if (loss) {
      this.events.push({ kind: 'dataLoss', atMs: this.now(), ...loss });
      logLoss(this.input.shard, loss);
    }
    return source;
  }

  private async consume(source: BatchSource): Promise<SliceResult> {
    for (;;) {
      const next = await this.unlessStopped(() => source.next());
      if (next === 'stopped') return this.stopped();
      if (next.kind === 'end') return this.finishShard(next.childShardIds);
      this.progress = { ...this.progress, millisBehindLatest: next.millisBehindLatest };
      if (next.kind === 'empty') this.progress = this.caughtUpBy(next);
      if (next.kind === 'batch' && (await this.handleBatch(next)) === 'fenced') return this.fenced();
      if (this.isOver(next.kind)) return next.kind === 'batch' ? this.result('interval') : this.endIdle();
    }
  }

  /** Progress once everything that was offered is committed, and not before: a shard whose handler fails is not caught up. */
  private caughtUpBy({ caughtUpAtMs }: Exclude<Next, { kind: 'end' }>): Progress {
    return caughtUpAtMs === undefined ? this.progress : { ...this.progress, caughtUpAtMs };
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

  private isOver(kind: 'batch' | 'empty'): boolean {
    const { historyIntervalMs } = this.world.runtime.definition.options;
    const isIdle = kind === 'empty' && this.batches === 0;
    const limitMs = isIdle ? Math.max(IDLE_HISTORY_INTERVAL_MS, historyIntervalMs) : historyIntervalMs;
    return performance.now() - this.startedAtMs >= limitMs;
  }

  private async handleBatch(offer: BatchOffer): Promise<'committed' | 'fenced'> {
    crashPoint('fetched');
    const { options, handler } = this.world.runtime.definition;
    const { shard } = this.input;
    const records = offer.records.map((raw) => new KinesisRecord(raw, shard));
    const batch = {
      records,
      shardId: shard.shardId,
      streamName: shard.streamName,
      millisBehindLatest: offer.millisBehindLatest,
    };
    const context = { consumer: options.name, attempt: this.batchAttempt() };
    try {
      crashPoint('handling');
      await runHandler({
        handler,
        batch,
        context,
        timeoutMs: options.handlerTimeoutMs,
        lost: this.world.ownership.lost,
      });
    } catch (error) {
      this.world.ownership.lost.throwIfAborted();
      const { input, world } = this;
      throw handlerFailure(
        error,
        { records, checkpoint: this.checkpoint(), streak: input.streak, summary: this.summary() },
        { options, random: world.dependencies.random(), nowMs: this.now() },
      );
    }
    crashPoint('handled');
    return this.commitBatch(offer);
  }

  private async commitBatch(offer: BatchOffer): Promise<'committed' | 'fenced'> {
    const { records, bytes } = offer;
    const last = records[records.length - 1];
    if (last === undefined) return 'committed';
    const { totals } = this.progress;
    const progress: Progress = {
      ...this.caughtUpBy(offer),
      totals: { records: totals.records + records.length, bytes: totals.bytes + bytes, batches: totals.batches + 1 },
      lastArrivalMs: last.arrivalMs,
    };
    const outcome = await this.commit({ at: 'AFTER', sequenceNumber: last.sequenceNumber }, progress, records.length);
    if (outcome === 'committed') {
      this.batches += 1;
      crashPoint('committed');
    }
    return outcome;
  }

  /** The state in memory changes only after the store has decided. */
  private async commit(position: Position, progress: Progress, records: number): Promise<'committed' | 'fenced'> {
    const before = this.checkpoint();
    const committed: Progress = { ...progress, committedAtMs: this.now() };
    const sentAtNs = process.hrtime.bigint();
    const outcome = await this.committer.commit(position, this.facts(committed));
    if (outcome === 'fenced') return 'fenced';
    this.progress = committed;
    this.describe();
    committedChannel.publish({
      shard: this.input.shard,
      writer: this.writer,
      from: before.position,
      checkpoint: this.checkpoint(),
      previousToken: before.token,
      records,
      sentAtNs,
    } satisfies CommittedMessage);
    return 'committed';
  }

  private async finishShard(childShardIds: readonly string[]): Promise<SliceResult> {
    const progress = { ...this.progress, millisBehindLatest: 0, caughtUpAtMs: this.now() };
    if ((await this.commit(SHARD_END, progress, 0)) === 'fenced') return this.fenced();
    crashPoint('shardEndCommitted');
    return this.result('shardEnd', { childShardIds });
  }

  private async endIdle(): Promise<SliceResult> {
    const { committedAtMs = 0, caughtUpAtMs } = this.progress;
    const isDue = caughtUpAtMs !== undefined && this.now() - committedAtMs >= IDLE_TOUCH_INTERVAL_MS;
    if (isDue && (await this.commit(this.checkpoint().position, this.progress, 0)) === 'fenced') return this.fenced();
    return this.result('interval');
  }

  private stopped(): SliceResult {
    const reason = this.world.ownership.stopReason;
    // An operator's pause is obeyed by failing this attempt: Temporal starts the next one when it is resumed.
    if (reason === 'paused') throw ApplicationFailure.retryable('Paused by an operator', 'PAUSED');
    return this.result(reason ?? 'cancelled');
  }

  private fenced(): SliceResult {
    this.events.push({ kind: 'fenced', atMs: this.now() });
    fencedChannel.publish({ shard: this.input.shard, writer: this.writer });
    logFenced(this.input.shard);
    return { ...this.summary(), end: 'fenced' };
  }

  private result(end: Exclude<SliceEnd, 'fenced'>, more: Pick<SliceResult, 'childShardIds'> = {}): SliceResult {
    crashPoint('reporting');
    return { ...this.summary(), ...more, end, checkpoint: this.checkpoint() };
  }

  private summary(): Omit<SliceResult, 'end'> {
    const { dependencies, runtime } = this.world;
    return {
      runId: this.writer.runId,
      progress: this.progress,
      batches: this.batches,
      worker: dependencies.worker,
      timing: timingOf(runtime.definition.options),
      events: this.events,
    };
  }

  private batchAttempt(): number {
    const { streak } = this.input;
    if (streak === undefined || this.batches > 0) return 1;
    return countFailure(streak, this.checkpoint().position).failures;
  }

  private noteTrouble(error: unknown): void {
    const code = error === undefined ? undefined : (codeOf(error) ?? 'INTERNAL');
    this.describe(code);
    if (code) logTrouble(this.input.shard, code, error);
  }

  private describe(waitingFor?: string): void {
    const position = describePosition(this.committer.current?.position ?? this.input.belief.position);
    this.world.ownership.describe({
      position,
      records: this.progress.totals.records,
      ...(waitingFor ? { waitingFor } : {}),
    });
  }

  private facts(progress: Progress = this.progress): CommitFacts {
    return { ...progress, committedAtMs: progress.committedAtMs ?? this.now() };
  }

  private checkpoint(): CheckpointState {
    const { current } = this.committer;
    if (!current) throw new Error('The checkpoint was not acquired');
    return current;
  }

  private now(): number {
    return this.world.dependencies.now();
  }
}
