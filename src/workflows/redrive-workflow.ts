/** The workflow that handles dead letters again: slice after slice until none is left. Deterministic; decisions are in core. */
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
  foldRedrive,
  initialRedriveState,
  lettersLeft,
  NO_COUNTS,
  redriveStatusOf,
  type RedriveOutcome,
  type RedriveResult,
  type RedriveState,
  type RedriveStatus,
  type RedriveWorkflowInput,
} from '../core/redrive';
import { describeRedrive } from '../core/redrive-details';
import { activitiesWith } from './activity-proxies';
import { isHistoryLong, publishState } from './run-facts';

/** How far a redrive is. */
export const redriveStatusQuery = defineQuery<RedriveStatus>(messageNames.redriveStatus);

/**
 * Runs the open dead letters of a consumer through its handler of today, in the order of their records. Query `redriveStatus` says how
 * far it is. A cancellation ends it between two letters.
 */
export async function tidemarkRedrive(input: RedriveWorkflowInput): Promise<RedriveOutcome> {
  return new RedriveRun(input).run();
}

/** One run of the workflow, from its start or a continue-as-new to the next one or the end. */
class RedriveRun {
  private state: RedriveState;

  constructor(private readonly input: RedriveWorkflowInput) {
    this.state = initialRedriveState(input);
    setHandler(redriveStatusQuery, () => this.status(), { description: 'How far the redrive is' });
  }

  async run(): Promise<RedriveOutcome> {
    if (!this.input.carried) this.show('REDRIVING');
    for (let slicesOfThisRun = 0; this.state.end === undefined; slicesOfThisRun += 1) {
      if (slicesOfThisRun > 0 && isHistoryLong(this.input)) await this.continueAsNew();
      this.state = foldRedrive(this.state, await this.slice());
      setCurrentDetails(describeRedrive(this.status()));
      // The last slice has ended between two letters.
      if (CancellationScope.current().consideredCancelled) await CancellationScope.current().cancelRequested;
    }
    this.show('FINISHED');
    const { heldKeys: _heldKeys, cursor: _cursor, ...counts } = this.state.progress ?? { ...NO_COUNTS, heldKeys: [] };
    return { ...counts, end: this.state.end };
  }

  private async slice(): Promise<RedriveResult> {
    const { id, stream, filter, by, reason, startedAtMs } = this.input;
    const { timing, progress } = this.state;
    const status = this.status();
    const summary = status.isCounted ? `Redrive: ${lettersLeft(status)} of ${status.total} left` : 'Redrive';
    const request = { id, stream, filter, by, reason, startedAtMs };
    try {
      return await activitiesWith(timing, summary).redriveDeadLetters({ ...request, progress });
    } catch (error) {
      throw isCancellation(error) ? error : this.failure(error);
    }
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
    const { timing, progress, slices } = this.state;
    return continueAsNew<typeof tidemarkRedrive>({ ...this.input, timing, carried: { progress, slices } });
  }

  private status(): RedriveStatus {
    return redriveStatusOf(this.input, this.state);
  }

  private show(state: string): void {
    setCurrentDetails(describeRedrive(this.status()));
    if (this.input.searchAttributes) publishState(state);
  }
}
