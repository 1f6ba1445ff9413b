import type { Effect, EffectsRefused } from '../../../src/checkpoints/checkpoint-store';
import type { CheckpointOutcome, Belief, OrderedMove } from '../../../src/core/commit-protocol';
import type { Writer } from '../../../src/core/checkpoint';
import type { Position } from '../../../src/core/positions';
import { TidemarkError } from '../../../src/core/errors';
import { batchAfter, FACTS } from './fixture';
import type { Ledger } from './ledger';
import { ParkedCall, ParkedStep, type Parked } from './parked';
import type { Protocol, ProtocolExecution, WriteKind } from './protocol';
import type { Work } from './temporal-model';

const EXPECTED = ['OWNERSHIP_EXPIRED', 'CHECKPOINT_UNDECIDED'];

export type AttemptOutcome = CheckpointOutcome | { readonly kind: 'failed' };

/** What a slice needs of the simulated world. */
export interface SliceWorld {
  readonly records: readonly string[];
  readonly ledger: Ledger;
  readonly commitsBeforeHandling: boolean;
  readonly effects?: Protocol['effects'];
  /** A record that is set aside instead of handled. */
  isPoison(sequenceNumber: string): boolean;
  /** Writes effects by themselves. */
  writeApart(effects: readonly Effect[]): void;
  readonly batchesPerSlice: number;
  nextBatchSize(): number;
  beforeHandling(attempt: Attempt, sequenceNumber: string): void;
  report(attempt: Attempt, outcome: AttemptOutcome): void;
}

/** One execution of the activity: runs until it waits for something, and goes on when the scheduler says so. */
export class Attempt {
  state: 'running' | 'done' | 'dead' = 'running';
  parked: Parked | undefined;
  isFrozen = false;
  /** The server has given up on it. */
  isTimedOut = false;
  hasAcquired = false;
  isTouching = false;
  /** Asked to end at the next commit. */
  isStopping = false;

  constructor(
    readonly name: string,
    readonly writer: Writer,
    readonly task: { readonly input: Belief; readonly work: Work },
    /** The row's position and epoch when this execution was dispatched. */
    readonly dispatchedAt: {
      readonly position: Position | undefined;
      readonly generation: number;
      readonly epoch: number;
    },
  ) {}

  get input(): Belief {
    return this.task.input;
  }

  get work(): Work {
    return this.task.work;
  }

  get isLive(): boolean {
    return this.state === 'running';
  }

  call<T>(label: WriteKind | 'read', execute: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.parked = new ParkedCall(label, execute, resolve, reject);
    });
  }

  step(label: 'handle' | 'sleep' | 'report', act: () => void = () => undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      this.parked = new ParkedStep(label, act, resolve, reject);
    });
  }

  async run(execution: ProtocolExecution, world: SliceWorld): Promise<void> {
    const outcome = await this.slice(execution, world).catch((error: unknown): AttemptOutcome => {
      const isExpected = error instanceof TidemarkError && EXPECTED.includes(error.code);
      if (!isExpected) world.ledger.violate('harness', `${this.name} failed: ${String(error)}`);
      return { kind: 'failed' };
    });
    if (outcome.kind === 'fenced') world.ledger.fences += 1;
    await this.step('report', () => world.report(this, outcome));
    this.state = 'done';
  }

  private async slice(execution: ProtocolExecution, world: SliceWorld): Promise<CheckpointOutcome> {
    if (this.work.kind === 'move') return this.move(execution, this.work.move);
    if ((await execution.acquire(this.input, FACTS)).kind === 'fenced') return { kind: 'fenced' };
    this.hasAcquired = true;
    if (this.work.kind === 'claim' && execution.current)
      return { kind: 'ok', checkpoint: execution.current, runId: this.writer.runId };
    for (let batches = 0; ; batches += 1) {
      const { current } = execution;
      if (!current) throw new Error('Owned, but without a checkpoint');
      const isOver = this.isStopping || batches >= world.batchesPerSlice || current.position.at === 'SHARD_END';
      if (isOver) return { kind: 'ok', checkpoint: current, runId: this.writer.runId };
      const result = await this.handleAndCommit(execution, current.generation, current.position, world);
      if (result === 'fenced') return { kind: 'fenced' };
      // As a handler's failure: what was committed before counts, and another slice tries again.
      if (typeof result === 'object') return { kind: 'ok', checkpoint: current, runId: this.writer.runId };
    }
  }

  private async move(execution: ProtocolExecution, ordered: OrderedMove): Promise<CheckpointOutcome> {
    if (!execution.move) throw new Error('This protocol knows no moves');
    const result = await execution.move(this.input, ordered, FACTS);
    if (result.kind === 'fenced') return { kind: 'fenced' };
    return { kind: 'ok', checkpoint: result.checkpoint, runId: this.writer.runId };
  }

  private async handleAndCommit(
    execution: ProtocolExecution,
    generation: number,
    position: Position,
    world: SliceWorld,
  ): Promise<string | EffectsRefused> {
    const size = world.nextBatchSize();
    const { batch, target } = batchAfter(position, world.records, Math.max(size, 1));
    if (size === 0 && batch.length > 0) return this.commit(execution, position, { isTouch: true }, world);
    const { commitsBeforeHandling } = world;
    if (!commitsBeforeHandling) await this.handle(batch, generation, world);
    const effects = world.effects ? batch.map((record) => effectOf(record, generation, world)) : [];
    const result = await this.commit(execution, target, { effects }, world);
    if (commitsBeforeHandling && result === 'committed') await this.handle(batch, generation, world);
    return result;
  }

  private async commit(
    execution: ProtocolExecution,
    target: Position,
    { effects = [], isTouch = false }: { readonly effects?: readonly Effect[]; readonly isTouch?: boolean },
    world: SliceWorld,
  ): Promise<string | EffectsRefused> {
    this.isTouching = isTouch;
    const isApart = world.effects === 'apart';
    if (isApart) world.writeApart(effects);
    const result = await execution.commit(target, FACTS, isApart ? [] : effects);
    const token = execution.current?.token;
    if (result === 'committed' && token !== undefined) world.ledger.believesCommitted(token, this.name);
    return result;
  }

  private async handle(batch: readonly string[], generation: number, world: SliceWorld): Promise<void> {
    for (const sequenceNumber of batch) {
      if (world.effects && world.isPoison(sequenceNumber)) continue;
      await this.step('handle', () => {
        world.beforeHandling(this, sequenceNumber);
        world.ledger.handled(sequenceNumber, generation, this.name);
      });
    }
  }
}

/** The one effect of a record in a generation: the handler's, or its dead letter. */
function effectOf(record: string, generation: number, world: SliceWorld): Effect {
  const kind = world.isPoison(record) ? 'letter' : 'effect';
  return { Put: { TableName: 'sink', Item: { pk: { S: `${generation}/${record}` }, kind: { S: kind } } } };
}
