/** The workflow that follows a stream: keeps one shard workflow running per readable shard. Deterministic. */
import {
  ActivityFailure,
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import type { ControlRequest, Pause, PauseRequest, ResumeRequest } from '../core/control';
import { refusePause, refuseUnnamed } from '../core/control';
import { codeOf } from '../core/errors';
import type { ControlShardsInput, ControlShardsResult } from '../core/control-work';
import type { ErrorNote, StopShardsResult, StreamStatus, StreamWorkflowInput, SyncResult } from '../core/shard-work';
import { describeStream } from '../core/stream-details';
import { activitiesWith } from './activity-proxies';
import {
  pauseStreamUpdate,
  reject,
  requireName,
  resumeStreamUpdate,
  shardFailedSignal,
  shardFinishedSignal,
  stopStreamUpdate,
  streamStatusQuery,
} from './messages';
import { isHistoryLong, publishState } from './run-facts';

/**
 * Keeps the shards of one stream incarnation running for one consumer: lists them when a shard ends, and at the sync interval.
 * Update `stop` stops every shard, then this workflow. Fails when the stream is deleted or created anew.
 */
export async function tidemarkStream(input: StreamWorkflowInput): Promise<StopShardsResult> {
  return new StreamRun(input).run();
}

/** One run of the workflow, from its start or a continue-as-new to the next one or the end. */
class StreamRun {
  private lastSync: SyncResult | undefined;
  private lastError: ErrorNote | undefined;
  private stop: ControlRequest | undefined;
  private result: StopShardsResult | undefined;
  private listing: CancellationScope | undefined;
  private finished = 0;
  private pause: Pause | undefined;
  /** A shard that failed, where the failure policy is to stop the consumer. */
  private failedShard: { readonly shardId: string; readonly message: string } | undefined;

  constructor(private readonly input: StreamWorkflowInput) {
    this.lastSync = input.carried?.lastSync;
    this.pause = input.carried?.pause;
    setHandler(streamStatusQuery, () => this.status(), { description: 'Shards of this consumer' });
    setHandler(shardFinishedSignal, () => void (this.finished += 1), { description: 'A shard has ended' });
    setHandler(shardFailedSignal, (shardId, message) => this.noteFailedShard(shardId, message), {
      description: 'A shard has failed for good, and the consumer is to stop',
    });
    setHandler(pauseStreamUpdate, (request) => this.obeyPause(request), {
      description: 'Pauses all shards at their next commits, and those that are to come',
      validator: (request: PauseRequest) => reject(refusePause(request, Date.now())),
    });
    setHandler(resumeStreamUpdate, (request) => this.obeyResume(request), {
      description: 'Goes on reading all shards',
      validator: (request: ResumeRequest) => reject(refuseUnnamed(request)),
    });
    setHandler(stopStreamUpdate, (request) => this.obeyStop(request), {
      description: 'Stops this consumer at its next commits',
      validator: requireName,
    });
  }

  async run(): Promise<StopShardsResult> {
    if (!this.input.carried) this.show('READING');
    for (;;) {
      const finishedBefore = this.finished;
      await this.sync();
      setCurrentDetails(describeStream(this.status()));
      const { shardSyncIntervalMs } = this.timing;
      await condition(() => this.stop !== undefined || this.finished > finishedBefore, shardSyncIntervalMs);
      if (this.stop !== undefined) return this.stopShards(this.stop);
      // Every run begins with a listing: a signal that is counted here, and lost with this run, is not missed.
      if (isHistoryLong(this.input) && allHandlersFinished()) await this.continueAsNew();
    }
  }

  private async obeyStop(request: ControlRequest): Promise<StopShardsResult> {
    this.stop ??= request;
    // A stop does not wait until a listing succeeds, only until it has ended.
    this.listing?.cancel();
    await condition(() => this.result !== undefined);
    return this.result ?? { stopped: 0 };
  }

  private async obeyPause(request: PauseRequest): Promise<ControlShardsResult> {
    this.pause = { ...request, scope: 'consumer', atMs: Date.now() };
    return this.control({ order: 'pause', request: this.pause });
  }

  private async obeyResume(request: ResumeRequest): Promise<ControlShardsResult> {
    this.pause = undefined;
    return this.control({ order: 'resume', request: { ...request, scope: 'consumer' } });
  }

  /** A listing that is under way may start shards that know nothing of the order: it is given to them too. */
  private async control(
    input: Pick<ControlShardsInput, 'order'> & { request: PauseRequest & ResumeRequest },
  ): Promise<ControlShardsResult> {
    const { listing, pause } = this;
    const { stream } = this.input;
    setCurrentDetails(describeStream(this.status()));
    const { controlShards } = activitiesWith(this.timing, `${input.order} all shards, by ${input.request.by}`);
    const first = await controlShards({ ...input, stream });
    if (listing === undefined) return first;
    await condition(() => this.listing !== listing);
    // A later order is given by itself.
    return this.pause === pause ? controlShards({ ...input, stream }) : first;
  }

  private noteFailedShard(shardId: string, message: string): void {
    this.failedShard ??= { shardId, message };
    this.lastError = { code: 'RECORD_FAILED', message, atMs: Date.now() };
    this.stop ??= { by: 'Tidemark', reason: `shard ${shardId} failed` };
    this.listing?.cancel();
  }

  private async sync(): Promise<void> {
    if (this.stop !== undefined) return;
    this.listing = new CancellationScope();
    try {
      this.lastSync = await this.listing.run(() => this.syncShards());
      this.lastError = undefined;
    } catch (error) {
      if (this.stop === undefined || !isCancellation(error)) throw this.failure(error);
    } finally {
      this.listing = undefined;
    }
  }

  private syncShards(): Promise<SyncResult> {
    const { stream, registration, searchAttributes } = this.input;
    const { lastSync } = this;
    const so = lastSync ? `${lastSync.listed} shards, ${lastSync.running} running` : 'first';
    const pause = this.pauseInForce();
    const input = { stream, registration, searchAttributes, ...(pause ? { pause } : {}) };
    return activitiesWith(this.timing, `Sync: ${so}`).syncShards(input);
  }

  private async stopShards(request: ControlRequest): Promise<StopShardsResult> {
    const { stream } = this.input;
    const result = await activitiesWith(this.timing, 'Stop all shards').stopShards({ stream, request });
    this.result = result;
    this.show(this.failedShard ? 'FAILED' : 'STOPPED');
    await condition(allHandlersFinished);
    if (this.failedShard) throw ApplicationFailure.nonRetryable(this.failedShard.message, 'RECORD_FAILED');
    return result;
  }

  /** What a failed listing ends this workflow with. */
  private failure(error: unknown): unknown {
    const cause = error instanceof ActivityFailure ? error.cause : undefined;
    const code = codeOf(cause);
    if (code === undefined) return error;
    const message = cause?.message ?? code;
    this.lastError = { code, message, atMs: Date.now() };
    this.show('FAILED');
    return ApplicationFailure.nonRetryable(message, code);
  }

  private pauseInForce(): Pause | undefined {
    if (this.pause?.untilMs !== undefined && this.pause.untilMs <= Date.now()) this.pause = undefined;
    return this.pause;
  }

  private continueAsNew(): Promise<never> {
    const { timing, lastSync, pause } = this;
    return continueAsNew<typeof tidemarkStream>({ ...this.input, timing, carried: { lastSync, pause } });
  }

  /** As the last listing brought it: a deploy changes it. */
  private get timing(): StreamWorkflowInput['timing'] {
    return this.lastSync?.timing ?? this.input.timing;
  }

  private status(): StreamStatus {
    const { stop, pause, lastSync, lastError } = this;
    return { stream: this.input.stream, stopping: stop !== undefined, pause, lastSync, lastError };
  }

  private show(state: string): void {
    setCurrentDetails(describeStream(this.status()));
    if (this.input.searchAttributes) publishState(state);
  }
}
