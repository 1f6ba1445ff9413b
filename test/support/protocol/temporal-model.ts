import type { Writer } from '../../../src/core/checkpoint';
import { foldOutcome, initialBelief, type Belief } from '../../../src/core/commit-protocol';
import { TRIM_HORIZON } from '../../../src/core/positions';
import type { AttemptOutcome } from './attempt';

interface Run {
  readonly runId: string;
  /** Input of each activity so far: what a reset may go back to. */
  readonly inputs: Belief[];
  attempt: number;
}

/** The shard workflow and its server: which activity attempt counts, and what the workflow believes. */
export class TemporalModel {
  isFinished = false;
  private runs = 0;
  private run: Run;

  constructor(
    private readonly dispatch: (writer: Writer, input: Belief) => void,
    /** Activities per run before it continues as new; 0 for never. */
    private readonly activitiesPerRun: number,
  ) {
    this.run = this.newRun([initialBelief(TRIM_HORIZON)]);
  }

  start(): void {
    this.dispatch(this.writer, this.input);
  }

  /** The server takes one result, and only that of the attempt it waits for. */
  complete(writer: Writer, outcome: AttemptOutcome): void {
    if (this.isFinished || !this.isCurrent(writer)) return;
    if (outcome.kind === 'failed') return this.retry();
    const belief = foldOutcome(this.input, outcome);
    if (belief.position.at === 'SHARD_END' && outcome.kind === 'ok') {
      this.isFinished = true;
      return;
    }
    const continuesAsNew = this.activitiesPerRun > 0 && this.run.inputs.length >= this.activitiesPerRun;
    this.run = continuesAsNew
      ? this.newRun([belief])
      : { ...this.run, inputs: [...this.run.inputs, belief], attempt: 1 };
    this.start();
  }

  isCurrent({ runId, activitySeq, attempt }: Writer): boolean {
    return runId === this.run.runId && activitySeq === this.run.inputs.length && attempt === this.run.attempt;
  }

  /** Another attempt of the same activity, with the same input. */
  retry(): void {
    this.run.attempt += 1;
    this.start();
  }

  /** The same attempt once more: a failed-over or restored server. */
  dispatchAgain(): void {
    this.start();
  }

  /** A new run whose history ends before one of the activities of this one. */
  reset(pick: number): void {
    const kept = 1 + (pick % this.run.inputs.length);
    this.run = this.newRun(this.run.inputs.slice(0, kept));
    this.start();
  }

  /** The workflow is gone; a fresh one starts where the consumer was registered to start. */
  lose(): void {
    this.run = this.newRun([initialBelief(TRIM_HORIZON)]);
    this.start();
  }

  get input(): Belief {
    return this.run.inputs.at(-1) ?? initialBelief(TRIM_HORIZON);
  }

  private get writer(): Writer {
    const activitySeq = this.run.inputs.length;
    return { runId: this.run.runId, activityId: String(activitySeq), activitySeq, attempt: this.run.attempt };
  }

  private newRun(inputs: Belief[]): Run {
    this.runs += 1;
    return { runId: `run-${this.runs}`, inputs, attempt: 1 };
  }
}
