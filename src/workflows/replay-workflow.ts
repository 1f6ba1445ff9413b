/** The workflow of a replay: slices of several shards side by side, parents before children. Deterministic; decisions are in core. */
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  continueAsNew,
  defineQuery,
  isCancellation,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import { codeOf } from '../core/errors';
import { messageNames } from '../core/names';
import {
  failuresLeft,
  foldPlan,
  foldReplaySlice,
  initialReplayState,
  outcomeOfReplay,
  readyShards,
  replayStatusOf,
  type ReplayOutcome,
  type ReplayRequest,
  type ReplaySliceResult,
  type ReplayState,
  type ReplayStatus,
  type ReplayWorkflowInput,
} from '../core/replay';
import { describeReplay } from '../core/replay-details';
import { activitiesWith } from './activity-proxies';
import { heedCancellation, isHistoryLong, publishState } from './run-facts';

/** How far a replay is. */
export const replayStatusQuery = defineQuery<ReplayStatus>(messageNames.replayStatus);

/**
 * Handles a range of a stream again, beside the live consumer. Query `replayStatus` says how far it is. A cancellation ends it between
 * two batches.
 */
export async function tidemarkReplay(input: ReplayWorkflowInput): Promise<ReplayOutcome> {
  return new ReplayRun(input).run();
}

type Settled = { readonly shardId: string } & ({ readonly result: ReplaySliceResult } | { readonly error: unknown });

/** One run of the workflow, from its start or a continue-as-new to the next one or the end. */
class ReplayRun {
  private state: ReplayState;
  private readonly running = new Map<string, Promise<Settled>>();
  /** Cancelled when the slices under way are not wanted any more. */
  private readonly slices = new CancellationScope();
  private error: unknown;
  private dispatched = 0;

  constructor(private readonly input: ReplayWorkflowInput) {
    this.state = initialReplayState(input);
    setHandler(replayStatusQuery, () => this.status(), { description: 'How far the replay is' });
  }

  async run(): Promise<ReplayOutcome> {
    if (!this.input.carried) this.show('REPLAYING');
    if (this.state.left === undefined) await this.plan();
    while (this.isWanted || this.running.size > 0) {
      if (this.isWanted) this.dispatch();
      if (this.running.size === 0) break;
      this.fold(await Promise.race(this.running.values()));
    }
    if (this.error !== undefined) throw this.failure(this.error);
    await heedCancellation();
    if (this.state.end === undefined) await this.continueAsNew();
    this.show('FINISHED');
    return { ...outcomeOfReplay(this.state), end: this.state.end ?? 'done' };
  }

  /** Whether more slices are to begin in this run. */
  private get isWanted(): boolean {
    const isCancelled = CancellationScope.current().consideredCancelled;
    return !this.state.end && this.error === undefined && !isCancelled && !this.isTurning;
  }

  /** The history is long: what is under way comes to its end, and the next run goes on. */
  private get isTurning(): boolean {
    return this.dispatched > 0 && isHistoryLong(this.input);
  }

  private async plan(): Promise<void> {
    const { stream, shardId } = this.input;
    try {
      const plan = await activitiesWith(this.state.timing, 'Plan of the replay').planReplay({ stream, shardId });
      this.state = foldPlan(this.state, plan, Date.now());
    } catch (error) {
      throw isCancellation(error) ? error : this.failure(error);
    }
    this.tell();
  }

  private dispatch(): void {
    const { left = [] } = this.state;
    for (const shardId of readyShards(left, new Set(this.running.keys()), this.input.parallel)) {
      this.dispatched += 1;
      this.running.set(shardId, this.slice(shardId));
    }
  }

  /** Never rejects. */
  private async slice(shardId: string): Promise<Settled> {
    const { request } = this;
    const shard = this.state.begun[shardId] ?? {};
    const summary = `${request.dryRun ? 'Dry run' : 'Replay'} of ${shardId}`;
    const input = { request, shardId, shard, failuresLeft: failuresLeft(this.state, request) };
    try {
      const { timing } = this.state;
      return { shardId, result: await this.slices.run(() => activitiesWith(timing, summary).replayShard(input)) };
    } catch (error) {
      return { shardId, error };
    }
  }

  private fold(settled: Settled): void {
    const { shardId } = settled;
    this.running.delete(shardId);
    if ('error' in settled) {
      if (!isCancellation(settled.error)) this.error ??= settled.error;
    } else {
      this.state = foldReplaySlice(this.state, settled.result, { request: this.request, shardId, atMs: Date.now() });
    }
    this.tell();
    if (this.state.end !== undefined || this.error !== undefined) this.slices.cancel();
  }

  /** What a slice that cannot be repeated ends this workflow with. */
  private failure(error: unknown): unknown {
    const cause = error instanceof ActivityFailure ? error.cause : undefined;
    const code = codeOf(cause);
    if (code === undefined) return error;
    const message = cause?.message ?? code;
    this.state = { ...this.state, lastError: { code, message, atMs: Date.now() } };
    this.show('FAILED');
    return ApplicationFailure.nonRetryable(message, code);
  }

  private continueAsNew(): Promise<never> {
    const { timing } = this.state;
    return continueAsNew<typeof tidemarkReplay>({ ...this.input, timing, carried: this.state });
  }

  private get request(): ReplayRequest {
    const { id, stream, range, span, shardId, dryRun, onFailure, startedAtMs, by, reason } = this.input;
    return { id, stream, range, span, shardId, dryRun, onFailure, startedAtMs, by, reason };
  }

  private status(): ReplayStatus {
    return replayStatusOf(this.input, this.state, this.running.size);
  }

  private show(state: string): void {
    this.tell();
    if (this.input.searchAttributes) publishState(state);
  }

  private tell(): void {
    setCurrentDetails(describeReplay(this.status()));
  }
}
