import { getExternalWorkflowHandle, isCancellation, type SignalDefinition } from '@temporalio/workflow';
import { streamWorkflowId } from '../core/names';
import type { ShardWorkflowInput } from '../core/shard-work';

/** Where no stream workflow runs, its next start finds the finished shard in the checkpoints. */
export async function tellStreamWorkflow<Args extends [string, ...string[]]>(
  { shard }: ShardWorkflowInput,
  signal: SignalDefinition<Args>,
  ...more: Args extends [string, ...infer Rest] ? Rest : never
): Promise<void> {
  try {
    const args = [shard.shardId, ...more] as unknown as Args;
    await getExternalWorkflowHandle(streamWorkflowId(shard)).signal(signal, ...args);
  } catch (error) {
    if (isCancellation(error)) throw error;
  }
}
