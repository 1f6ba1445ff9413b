import type { Writer } from '../../../src/core/checkpoint';
import { foldOutcome, initialBelief, type Belief, type OrderedMove } from '../../../src/core/commit-protocol';
import { comparePositions, TRIM_HORIZON, type Position } from '../../../src/core/positions';
import type { AttemptOutcome } from './attempt';

/** What an activity is to do. A move that needs a claim is preceded by an activity that does nothing else. */
export type Work =
  { readonly kind: 'slice' } | { readonly kind: 'claim' } | { readonly kind: 'move'; readonly move: OrderedMove };

interface Run {
  readonly runId: string;
  /** Input of each activity so far: what a reset may go back to. */
  readonly inputs: Belief[];
  /** Accepted and not carried out yet. */
  move: OrderedMove | undefined;
  work: Work;
  attempt: number;
}

/** The shard workflow and its server: which activity attempt counts, and what the workflow believes. */
export class TemporalModel {
  isFinished = false;
  private runs = 0;
  private run: Run;

  constructor(
    private readonly dispatch: (writer: Writer, input: Belief, work: Work) => void,
    /** Activities per run before it continues as new; 0 for never. */
    private readonly activitiesPerRun: number,
  ) {
    this.run = this.newRun([initialBelief(TRIM_HORIZON)]);
  }

  start(): void {
    this.dispatch(this.writer, this.input, this.run.work);
  }

  /** The server takes one result, and only that of the attempt it waits for. */
  complete(writer: Writer, outcome: AttemptOutcome): void {
    if (this.isFinished || !this.isCurrent(writer)) return;
    if (outcome.kind === 'failed') return this.retry();
    const belief = foldOutcome(this.input, outcome);
    if (this.run.work.kind === 'move' && outcome.kind === 'ok') this.run.move = undefined;
    if (belief.position.at === 'SHARD_END' && outcome.kind === 'ok') {
      this.isFinished = true;
      return;
    }
    const continuesAsNew = this.activitiesPerRun > 0 && this.run.inputs.length >= this.activitiesPerRun;
    this.dropForward(belief);
    const { move } = this.run;
    this.run = continuesAsNew
      ? this.newRun([belief], move)
      : { ...this.run, inputs: [...this.run.inputs, belief], work: workFor(belief, move), attempt: 1 };
    this.start();
  }

  /** An operator's order; refused while another one is carried out. The running activity goes on to its end. */
  order(id: string, to: Position, requestedAtMs: number): OrderedMove | undefined {
    if (this.isFinished || this.run.move !== undefined) return undefined;
    this.run.move = { id, to, generation: Math.max(this.input.generation + 1, requestedAtMs) };
    return this.run.move;
  }

  /** As the workflow does: a rewind goes back from where the checkpoint was found, or is refused. */
  private dropForward({ position, rewindId }: Belief): void {
    const { move } = this.run;
    if (move && rewindId !== move.id && comparePositions(move.to, position) >= 0) this.run.move = undefined;
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
    const { move } = this.run;
    this.run = this.newRun(this.run.inputs.slice(0, kept));
    // Temporal applies updates again that were accepted after the point of the reset: the same order, on what is believed there.
    if (move) this.run.move = { ...move, generation: Math.max(this.input.generation + 1, move.generation) };
    this.dropForward(this.input);
    this.run.work = workFor(this.input, this.run.move);
    this.start();
  }

  /** The workflow is gone; a fresh one starts where the consumer was registered to start. */
  lose(): void {
    this.run = this.newRun([initialBelief(TRIM_HORIZON)]);
    this.start();
  }

  /** The coordinator has found a row that is not at SHARD_END, and no workflow that runs. */
  startAgain(): void {
    this.isFinished = false;
    this.lose();
  }

  get input(): Belief {
    return this.run.inputs.at(-1) ?? initialBelief(TRIM_HORIZON);
  }

  private get writer(): Writer {
    const activitySeq = this.run.inputs.length;
    return { runId: this.run.runId, activityId: String(activitySeq), activitySeq, attempt: this.run.attempt };
  }

  private newRun(inputs: Belief[], move?: OrderedMove): Run {
    this.runs += 1;
    const work = workFor(inputs.at(-1) ?? initialBelief(TRIM_HORIZON), move);
    return { runId: `run-${this.runs}`, inputs, move, work, attempt: 1 };
  }
}

function workFor({ needClaim }: Belief, move: OrderedMove | undefined): Work {
  if (move === undefined) return { kind: 'slice' };
  return needClaim ? { kind: 'claim' } : { kind: 'move', move };
}
