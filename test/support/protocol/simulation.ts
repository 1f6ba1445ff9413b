import type { CheckpointStore } from '../../../src/checkpoints/checkpoint-store';
import { MemoryCheckpointStore } from '../../../src/checkpoints/memory-store';
import type { Writer } from '../../../src/core/checkpoint';
import type { Belief } from '../../../src/core/commit-protocol';
import { TidemarkError } from '../../../src/core/errors';
import { TRIM_HORIZON } from '../../../src/core/positions';
import { Attempt, type AttemptOutcome, type SliceWorld } from './attempt';
import { afterRecords, covers, PARENTS, sequenceNumbers, SHARD, WORKFLOW_ID } from './fixture';
import { Ledger } from './ledger';
import { ParkedCall, ParkedStep, type Label } from './parked';
import type { Protocol, ProtocolEnvironment } from './protocol';
import { SimulatedTable } from './simulated-table';
import { TemporalModel, type Work } from './temporal-model';

export interface SimulationOptions {
  readonly protocol: Protocol;
  readonly records: number;
  /** Records per batch, repeated; 0 is a touch of an idle shard. */
  readonly batchSizes?: readonly number[];
  readonly batchesPerSlice?: number;
  readonly activitiesPerRun?: number;
  /** Whether an attempt that the server gave up on knows it from its own clock. */
  readonly knowsDeadline?: boolean;
}

/**
 * One shard, its row, its workflow and any number of attempts, in which nothing happens but what `advance` and the faults let happen:
 * the same calls in the same order always give the same run.
 */
export class Simulation {
  readonly attempts: Attempt[] = [];
  readonly ledger: Ledger;
  readonly table: SimulatedTable;
  readonly temporal: TemporalModel;
  readonly records: readonly string[];
  /** Requests that their sender has given up on, but that are still in the network. */
  readonly late: (() => Promise<unknown>)[] = [];
  readonly protocol: Protocol;
  private readonly world: SliceWorld;
  private readonly knowsDeadline: boolean;
  private tokens = 0;
  private orders = 0;
  private batches = 0;

  constructor({
    protocol,
    records,
    batchSizes = [1],
    batchesPerSlice = 2,
    activitiesPerRun = 0,
    knowsDeadline = false,
  }: SimulationOptions) {
    this.protocol = protocol;
    this.knowsDeadline = knowsDeadline;
    this.records = sequenceNumbers(records);
    this.ledger = new Ledger(this.records);
    this.table = new SimulatedTable(this.ledger);
    this.temporal = new TemporalModel((writer, input, work) => this.begin(writer, input, work), activitiesPerRun);
    this.world = {
      records: this.records,
      ledger: this.ledger,
      commitsBeforeHandling: protocol.commitsBeforeHandling ?? false,
      effects: protocol.effects,
      isPoison: (sequenceNumber) => Number(sequenceNumber) % 3 === 0,
      writeApart: (effects) => this.table.applyApart(effects),
      batchesPerSlice,
      nextBatchSize: () => batchSizes[this.batches++ % batchSizes.length] ?? 1,
      beforeHandling: (attempt, sequenceNumber) => this.checkNoRepeat(attempt, sequenceNumber),
      report: (attempt, outcome) => this.report(attempt, outcome),
    };
    this.temporal.start();
  }

  get live(): Attempt[] {
    return this.attempts.filter(({ isLive }) => isLive);
  }

  /** The execution that was dispatched last. */
  get newest(): Attempt {
    const newest = this.attempts.at(-1);
    if (!newest) throw new Error('Nothing was dispatched');
    return newest;
  }

  /** Executions of the attempt that the server waits for. */
  get current(): Attempt[] {
    return this.live.filter(({ writer }) => this.temporal.isCurrent(writer));
  }

  /** One step of one execution. */
  async advance(attempt: Attempt): Promise<void> {
    const { parked } = attempt;
    if (!attempt.isLive || !parked) return;
    if (parked.advance() && attempt.parked === parked) attempt.parked = undefined;
    await settle();
  }

  /** Steps until the execution is about to do `label`, or has ended. */
  async until(attempt: Attempt, label: Label): Promise<void> {
    for (let steps = 0; steps < 100 && attempt.isLive && attempt.parked?.label !== label; steps += 1)
      await this.advance(attempt);
  }

  /** Steps until the execution has reported. */
  async finish(attempt: Attempt): Promise<void> {
    for (let steps = 0; steps < 200 && attempt.isLive; steps += 1) await this.advance(attempt);
  }

  /** The caller of the store sees no answer: the request is lost, or its reply, or it stays in the network (`late`). */
  async loseAnswer(attempt: Attempt, isLate = false): Promise<void> {
    const { parked } = attempt;
    if (!(parked instanceof ParkedCall)) return;
    if (isLate) this.late.push(parked.execute);
    attempt.parked = undefined;
    parked.loseAnswer();
    await settle();
  }

  /** The execution's own deadline passes while a write is undecided: it fails. */
  async passDeadline(attempt: Attempt): Promise<void> {
    const { parked } = attempt;
    if (!(parked instanceof ParkedStep) || parked.label !== 'sleep') return;
    attempt.parked = undefined;
    parked.fail(new TidemarkError('OWNERSHIP_EXPIRED', 'Undecided at the deadline'));
    await settle();
  }

  async deliverLate(pick = 0): Promise<void> {
    const [execute] = this.late.splice(pick % Math.max(this.late.length, 1), 1);
    await execute?.();
    await settle();
  }

  crash(attempt: Attempt): void {
    attempt.state = 'dead';
    this.ledger.log.push(`${attempt.name} crashes`);
  }

  /** The server gives up on the current attempt; what still runs of it is a zombie from now on. */
  timeOut(): Attempt {
    for (const attempt of this.current) attempt.isTimedOut = true;
    this.temporal.retry();
    return this.newest;
  }

  /** An operator's order to go back; the running slice ends at its next commit. Clocks of operators differ. */
  order(pick: number): boolean {
    const to = pick % 2 === 0 ? TRIM_HORIZON : afterRecords(1 + (pick % 3));
    const move = this.temporal.order(`move-${this.orders}`, to, (pick % 5) * 100 + this.orders);
    if (move === undefined) return false;
    this.orders += 1;
    for (const attempt of this.current) attempt.isStopping = true;
    this.ledger.log.push(`move ${move.id} to ${JSON.stringify(to)}, generation ${move.generation}`);
    return true;
  }

  private begin(writer: Writer, input: Belief, work: Work): void {
    const { row } = this.table;
    const name = `${writer.runId}/${writer.activityId}/${writer.attempt}#${this.attempts.length}`;
    const dispatchedAt = { position: row?.position, generation: row?.generation ?? 0, epoch: this.ledger.epoch };
    const attempt = new Attempt(name, writer, { input, work }, dispatchedAt);
    this.attempts.push(attempt);
    const identity = { shard: SHARD, writer, workflowId: WORKFLOW_ID, parentShardIds: PARENTS };
    void attempt.run(this.protocol.begin(this.environmentOf(attempt), identity), this.world);
  }

  private environmentOf(attempt: Attempt): ProtocolEnvironment {
    const store: CheckpointStore = Object.assign(new MemoryCheckpointStore(), {
      read: () => attempt.call('read', () => this.table.read()),
      write: (write: Parameters<CheckpointStore['write']>[0]) => {
        const kind = attempt.work.kind === 'move' ? 'move' : attempt.hasAcquired ? 'commit' : 'claim';
        const sender = { kind, by: attempt.name, isTouch: attempt.isTouching } as const;
        return attempt.call(kind, () => this.table.write(sender, write));
      },
    });
    return {
      store,
      writeLoosely: (kind, write, holds) => {
        const sender = { kind, by: attempt.name, isTouch: attempt.isTouching };
        return attempt.call(kind, () => this.table.writeLoosely(sender, write, holds));
      },
      mintToken: () => `token-${++this.tokens}`,
      random: () => 0.5,
      sleep: () => attempt.step('sleep', () => this.assertOwner(attempt)),
      assertOwner: () => this.assertOwner(attempt),
    };
  }

  private assertOwner(attempt: Attempt): void {
    if (this.knowsDeadline && attempt.isTimedOut) throw new TidemarkError('OWNERSHIP_EXPIRED', 'Timed out');
  }

  private report(attempt: Attempt, outcome: AttemptOutcome): void {
    this.ledger.log.push(`${attempt.name} reports ${outcome.kind}`);
    this.temporal.complete(attempt.writer, outcome);
  }

  /**
   * What the row covered when an execution was dispatched is not handled by it again, unless the row itself was changed since.
   * Only an execution that follows a completed one of its own run may be behind: a zombie may have moved on meanwhile.
   */
  private checkNoRepeat({ name, writer, input, dispatchedAt }: Attempt, sequenceNumber: string): void {
    const { position, generation, epoch } = dispatchedAt;
    const followsOwnRun = writer.attempt === 1 && !input.needClaim && input.tokenRunId === writer.runId;
    if (
      followsOwnRun ||
      position === undefined ||
      epoch !== this.ledger.epoch ||
      generation !== this.table.row?.generation
    )
      return;
    if (covers(position, sequenceNumber))
      this.ledger.violate('noRepeatOfCommitted', `${name} handles ${sequenceNumber}, committed before it began`);
  }
}

/** Lets every promise that can go on go on. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
