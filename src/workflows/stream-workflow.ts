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
import { codeOf } from '../core/errors';
import type {
  ControlRequest,
  ErrorNote,
  StopShardsResult,
  StreamStatus,
  StreamWorkflowInput,
  SyncResult,
} from '../core/shard-work';
import { describeStream } from '../core/stream-details';
import { activitiesWith } from './activity-proxies';
import { requireName, shardFailedSignal, shardFinishedSignal, stopStreamUpdate, streamStatusQuery } from './messages';
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
  /** A shard that failed, where the failure policy is to stop the consumer. */
  private failedShard: { readonly shardId: string; readonly message: string } | undefined;

  constructor(private readonly input: StreamWorkflowInput) {
    this.lastSync = input.carried?.lastSync;
    setHandler(streamStatusQuery, () => this.status(), { description: 'Shards of this consumer' });
    setHandler(shardFinishedSignal, () => void (this.finished += 1), { description: 'A shard has ended' });
    setHandler(shardFailedSignal, (shardId, message) => this.noteFailedShard(shardId, message), {
      description: 'A shard has failed for good, and the consumer is to stop',
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
      if (isHistoryLong(this.input)) await this.continueAsNew();
    }
  }

  private async obeyStop(request: ControlRequest): Promise<StopShardsResult> {
    this.stop ??= request;
    // A stop does not wait until a listing succeeds, only until it has ended.
    this.listing?.cancel();
    await condition(() => this.result !== undefined);
    return this.result ?? { stopped: 0 };
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
    return activitiesWith(this.timing, `Sync: ${so}`).syncShards({ stream, registration, searchAttributes });
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

  private continueAsNew(): Promise<never> {
    const { timing, lastSync } = this;
    return continueAsNew<typeof tidemarkStream>({ ...this.input, timing, carried: { lastSync } });
  }

  /** As the last listing brought it: a deploy changes it. */
  private get timing(): StreamWorkflowInput['timing'] {
    return this.lastSync?.timing ?? this.input.timing;
  }

  private status(): StreamStatus {
    const { stop, lastSync, lastError } = this;
    return { stream: this.input.stream, stopping: stop !== undefined, lastSync, lastError };
  }

  private show(state: string): void {
    setCurrentDetails(describeStream(this.status()));
    if (this.input.searchAttributes) publishState(state);
  }
}
