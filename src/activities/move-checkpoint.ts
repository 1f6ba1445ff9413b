import { Context } from '@temporalio/activity';
import type { ClaimInput, ClaimResult, MoveInput, MoveResult } from '../core/control-work';
import { timingOf } from '../core/timing';
import { CheckpointHold } from './checkpoint-hold';
import type { ActivityDependencies } from './dependencies';
import { Ownership } from './ownership';
import { findConsumer } from './process-batches';
import { SliceHistory } from './slice-history';

/** The activity `claimCheckpoint`: takes the checkpoint and does nothing else, so that a move stands on a token of its own run. */
export function createClaimCheckpoint(dependencies: ActivityDependencies): (input: ClaimInput) => Promise<ClaimResult> {
  return (input) =>
    withHold(dependencies, input, async (hold) => {
      const acquired = await hold.acquire();
      if (acquired.kind === 'fenced') hold.noteFenced();
      return acquired.kind === 'fenced' ? {} : { checkpoint: hold.checkpoint };
    });
}

/** The activity `moveCheckpoint`: puts the checkpoint where an operator ordered it. Every attempt does the same; it never takes over. */
export function createMoveCheckpoint(dependencies: ActivityDependencies): (input: MoveInput) => Promise<MoveResult> {
  return (input) =>
    withHold(dependencies, input, async (hold, history) => {
      const result = await hold.move(input.move);
      if (result.kind === 'moved') await history.recordMove(input.move);
      if (result.kind !== 'fenced') return { outcome: result.kind, checkpoint: result.checkpoint };
      hold.noteFenced();
      return { outcome: result.kind };
    });
}

async function withHold<T>(
  dependencies: ActivityDependencies,
  input: ClaimInput,
  action: (hold: CheckpointHold, history: SliceHistory) => Promise<T>,
): Promise<T & Omit<ClaimResult, 'checkpoint'>> {
  const runtime = findConsumer(dependencies, input.shard);
  const { options } = runtime.definition;
  const ownership = new Ownership(Context.current());
  const hold = new CheckpointHold({ dependencies, runtime, ownership }, input);
  try {
    const { worker } = dependencies;
    const history = new SliceHistory({ ...runtime, ttlMs: options.historyTtlMs, worker }, hold, input);
    const result = await action(hold, history);
    const { runId } = hold.writer;
    const told = { runId, progress: hold.progress, events: hold.events, worker };
    return { ...result, ...told, timing: timingOf(options) };
  } finally {
    ownership.close();
  }
}
