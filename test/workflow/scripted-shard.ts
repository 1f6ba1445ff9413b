import { ApplicationFailure, CancelledFailure, Context } from '@temporalio/activity';
import type { CheckpointState } from '../../src/core/checkpoint';
import type { ClaimInput, ClaimResult, MoveInput, MoveResult } from '../../src/core/control-work';
import type { ErrorCode } from '../../src/core/errors';
import { SHARD_END, type Position } from '../../src/core/positions';
import type { LossHalt, RecordHalt } from '../../src/core/halt';
import type { HandlerFailure, LossFailure, SliceInput, SliceResult } from '../../src/core/shard-work';
import { TIMING } from '../support/workflow-env';

/** What one slice does. */
export type Step = (slice: ScriptedSlice) => Promise<SliceResult> | SliceResult;

/**
 * A fake of the activity `processBatches` over one shard whose record `n` has sequence number `n`: the steps in order, the last one
 * for ever. Keeps the checkpoint row as DynamoDB would, and notes where a slice does not begin at what was committed.
 */
export class ScriptedShard {
  readonly inputs: SliceInput[] = [];
  readonly runIds: string[] = [];
  /** Slices that began elsewhere than at the committed position, or on a token that is not the row's. */
  readonly problems: string[] = [];
  row: CheckpointState | undefined;
  parkedKeys = 0;
  private readonly steps: Step[];
  private tokens = 0;

  constructor(...steps: Step[]) {
    this.steps = steps;
  }

  /** Number of records committed; also the sequence number of the last one. */
  get committed(): number {
    return this.row?.position.at === 'AFTER' ? Number(this.row.position.sequenceNumber) : 0;
  }

  readonly processBatches = async (input: SliceInput): Promise<SliceResult> => {
    this.inputs.push(input);
    const { runId = '' } = Context.current().info.workflowExecution ?? {};
    this.runIds.push(runId);
    this.check(input, runId);
    const step = this.steps.length > 1 ? this.steps.shift() : this.steps[0];
    if (!step) throw new Error('A scripted shard needs a step');
    return step(new ScriptedSlice(this, input, runId));
  };

  write(position: Position, generation = this.row?.generation ?? 0, rewindId = this.row?.rewindId): CheckpointState {
    this.row = { position, generation, token: `token-${(this.tokens += 1)}`, ...(rewindId ? { rewindId } : {}) };
    return this.row;
  }

  /** Moves that are answered as fenced before one succeeds. */
  fencedMoves = 0;
  /** Moves wait until they are cancelled. */
  movesHang = false;
  readonly moves: MoveInput[] = [];
  claims = 0;

  readonly claimCheckpoint = async (input: ClaimInput): Promise<ClaimResult> => {
    this.claims += 1;
    return { ...told(input), checkpoint: this.write(this.row?.position ?? input.belief.position) };
  };

  readonly moveCheckpoint = async (input: MoveInput): Promise<MoveResult> => {
    this.moves.push(input);
    const { move, belief } = input;
    if (this.movesHang) {
      await cancellation();
      throw new CancelledFailure('cancelled in the middle');
    }
    if (this.fencedMoves > 0) {
      this.fencedMoves -= 1;
      return { ...told(input), outcome: 'fenced' };
    }
    if (this.row?.token !== belief.token) throw new Error('a move on another token than the row has');
    return { ...told(input), outcome: 'moved', checkpoint: this.write(move.to, move.generation, move.id) };
  };

  /** Valid as long as no step loses what it has committed. */
  private check({ belief, activitySeq }: SliceInput, runId: string): void {
    const { row } = this;
    if (row === undefined) return;
    const isContiguous = JSON.stringify(belief.position) === JSON.stringify(row.position);
    const isTrusted = !belief.needClaim && belief.tokenRunId === runId;
    if (isContiguous && (!isTrusted || belief.token === row.token)) return;
    this.problems.push(
      `slice ${activitySeq} of ${runId}: ${JSON.stringify(belief)}, but the row is ${JSON.stringify(row)}`,
    );
  }
}

function told({ progress }: ClaimInput): Omit<ClaimResult, 'checkpoint'> {
  const { runId = '' } = Context.current().info.workflowExecution ?? {};
  return { runId, progress, worker: 'worker-a:1', timing: TIMING, events: [] };
}

export class ScriptedSlice {
  constructor(
    private readonly shard: ScriptedShard,
    readonly input: SliceInput,
    private readonly runId: string,
  ) {}

  commit(records: number): CheckpointState {
    return this.shard.write({ at: 'AFTER', sequenceNumber: String(this.shard.committed + records) });
  }

  parkKeys(count: number): void {
    this.shard.parkedKeys = count;
  }

  /** Every execution claims or goes on from the row: a row with no progress yet stands where the workflow begins. */
  get checkpoint(): CheckpointState {
    return this.shard.row ?? this.shard.write(this.input.belief.position);
  }

  result(more: Partial<SliceResult> = {}): SliceResult {
    const totals = { records: this.shard.committed, bytes: this.shard.committed * 10, batches: this.shard.committed };
    const { parkedKeys } = this.shard;
    const keys = parkedKeys === 0 ? {} : { parkedKeys };
    const progress = { totals, committedAtMs: 1_700_000_000_000, millisBehindLatest: 1_500, ...keys };
    return {
      end: 'interval',
      checkpoint: this.checkpoint,
      runId: this.runId,
      progress,
      batches: 0,
      worker: 'worker-a:1',
      timing: TIMING,
      events: [],
      ...more,
    };
  }

  handlerFailure(retryAfterMs: number): HandlerFailure {
    const { position } = this.checkpoint;
    const failures = (this.input.streak?.failures ?? 0) + 1;
    const error = {
      code: 'HANDLER_FAILED',
      message: `the handler failed, ${failures}`,
      atMs: 1_700_000_000_000,
    } as const;
    const streak = { position, through: '9', records: 1, failures, deaths: 0, phase: 'retry' } as const;
    return { ...this.result(), checkpoint: this.checkpoint, streak, retryAfterMs, error };
  }

  /** The record behind the checkpoint has failed for good. Whatever was ordered was done before. */
  halt(more: Partial<RecordHalt> = {}): HandlerFailure {
    const failure = this.handlerFailure(0);
    const through = String(this.shard.committed + 1);
    const error = { ...failure.error, message: `record ${through} failed for good` };
    const halt: RecordHalt = { how: 'park', sequenceNumber: through, sinceMs: 1_700_000_000_000, ...more };
    return { ...failure, error, streak: { ...failure.streak, through, phase: 'final' }, halt, ...this.orderDone };
  }

  /** Retention took records, and the consumer is to stop then. */
  loss(): LossFailure {
    const { streak: _none, ...failure } = this.handlerFailure(0);
    const loss = { fromMs: 1_600_000_000_000, toMs: 1_600_000_060_000, cause: 'retention' } as const;
    const halt: LossHalt = { how: 'park', loss, sinceMs: 1_700_000_000_000 };
    return { ...failure, error: { ...failure.error, code: 'DATA_LOST', message: 'records were lost' }, halt };
  }

  get orderDone(): { orderDone?: true } {
    return this.input.order === undefined ? {} : { orderDone: true };
  }
}

/** Commits one batch of so many records. */
export const commits =
  (records = 1, more: Partial<SliceResult> = {}): Step =>
  (slice) => {
    slice.commit(records);
    return slice.result({ batches: 1, ...more });
  };

export const isFenced: Step = (slice) => {
  const result = slice.result({ end: 'fenced' });
  return { ...result, checkpoint: undefined };
};

export const endsShard: Step = (slice) => {
  slice.commit(1);
  return slice.result({ end: 'shardEnd', checkpoint: { ...slice.checkpoint, position: SHARD_END }, batches: 1 });
};

export const handlerFails =
  (retryAfterMs = 20): Step =>
  (slice) => {
    throw failed(slice.handlerFailure(retryAfterMs));
  };

/** Parks at the next record, or with `how: 'stop'` ends the consumer; `forMs`: until then. */
export const halts =
  ({ forMs, ...more }: Partial<RecordHalt> & { readonly forMs?: number } = {}): Step =>
  (slice) => {
    throw failed(slice.halt({ ...more, ...(forMs === undefined ? {} : { retryAtMs: Date.now() + forMs }) }));
  };

export const losesRecords: Step = (slice) => {
  throw ApplicationFailure.create({ type: 'DATA_LOST', nonRetryable: true, details: [slice.loss()] });
};

/** Commits one record, and with it whatever was ordered. */
export const carriesOut: Step = (slice) => {
  slice.parkKeys(0);
  slice.commit(1);
  return slice.result({ batches: 1, streak: null, ...slice.orderDone });
};

/** Commits a record, after which a partition key is parked. */
export const parksKey: Step = (slice) => {
  slice.parkKeys(1);
  return commits(1)(slice);
};

function failed(failure: HandlerFailure): ApplicationFailure {
  const { message } = failure.error;
  return ApplicationFailure.create({ type: 'HANDLER_FAILED', message, nonRetryable: true, details: [failure] });
}

export const failsWith =
  (code: ErrorCode): Step =>
  () => {
    throw ApplicationFailure.create({ type: code, message: `failed with ${code}`, nonRetryable: true });
  };

/** Reads until it is asked to end; commits once more then, as the real one does with the batch in flight. */
export const readsUntilStopped: Step = async (slice) => {
  await cancellation();
  slice.commit(1);
  return slice.result({ end: 'cancelled', batches: 1 });
};

/** Is cancelled after a commit, and does not say so. */
export const isCancelledWithoutState: Step = async (slice) => {
  await cancellation();
  slice.commit(1);
  throw new CancelledFailure('cancelled in the middle');
};

/** Resolves when the current activity is cancelled; heartbeats until then. */
export function cancellation(): Promise<void> {
  const { cancellationSignal: signal } = Context.current();
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setInterval(() => Context.current().heartbeat(), 200);
    signal.addEventListener('abort', () => {
      clearInterval(timer);
      resolve();
    });
  });
}
