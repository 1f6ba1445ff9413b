import { Context } from '@temporalio/activity';
import type { RedriveInput, RedriveResult } from '../core/redrive';
import type { ActivityDependencies } from './dependencies';
import type { ShardIdentity } from '../core/names';
import type { HandlerRunner } from '../handler/handler-runner';
import { Ownership } from './ownership';
import { findConsumer } from './process-batches';
import { RedriveSlice, type RedriveNote } from './redrive-slice';
import { tracedRunner } from './traced-runner';
import { traceRedrive } from './traces';
import { watchedRunner } from './watched-runner';

/**
 * The activity `redriveDeadLetters`: some seconds of a redrive. Ends between two batches of letters when it is cancelled or its worker
 * shuts down. Idempotent: each letter bears its mark, so that after a crash at most the batch in flight is handled again. A letter on
 * which an execution dies again, alone this time, has failed.
 */
export function createRedriveDeadLetters(
  dependencies: ActivityDependencies,
): (input: RedriveInput) => Promise<RedriveResult> {
  return async (input) => {
    const context = Context.current();
    const before = context.info.heartbeatDetails as Partial<RedriveNote> | undefined;
    const ownership = new Ownership(context);
    let runner: HandlerRunner | undefined;
    const { workflowId = '', runId = '' } = context.info.workflowExecution ?? {};
    try {
      const runtime = findConsumer(dependencies, input.stream);
      runner = tracedRunner(watchedRunner(runtime.runner()), runtime.definition);
      const isCareful = context.info.attempt > 1;
      const fenceOf = async (shard: ShardIdentity): Promise<number> => (await runtime.store.read(shard))?.fence ?? 0;
      const world = { dependencies, runtime, ownership, runner, origin: { workflowId, runId }, isCareful, fenceOf };
      // A slice that died has told its heartbeat how far it came.
      const slice = new RedriveSlice(world, { ...input, progress: before?.progress ?? input.progress });
      return await traceRedrive(input.stream, () => slice.run());
    } catch (error) {
      ownership.noteEnd(error);
      throw error;
    } finally {
      ownership.close();
      await runner?.close();
    }
  };
}
