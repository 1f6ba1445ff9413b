import { TidemarkError } from '../core/errors';
import type { ShardIdentity } from '../core/names';
import { backoffMs, WRITE_BACKOFF } from '../core/pacing';
import type { HandlerRunner } from '../handler/handler-runner';
import type { ActivityDependencies, ConsumerRuntime } from './dependencies';
import type { Ownership } from './ownership';
import { sleep } from './sleep';

export interface RedriveWorld {
  readonly dependencies: ActivityDependencies;
  readonly runtime: ConsumerRuntime;
  readonly ownership: Ownership;
  readonly runner: HandlerRunner;
  /** The workflow that the activity belongs to: where to look for what happened to a letter. */
  readonly origin: { readonly workflowId: string; readonly runId: string };
  /** An execution before this one has died: perhaps of a letter. Each is tried alone, and marked before. */
  readonly isCareful: boolean;
  /** Fence of the shard's owner: what is handled beside it must be as new to a sink, and must not make the owner look old. */
  readonly fenceOf: (shard: ShardIdentity) => Promise<number>;
}

/**
 * Repeats a call to DynamoDB until it is decided, as long as this execution is the one that counts: an outage must not make the
 * handler get letters again whose marks are only undecided.
 */
export async function insist<T>(
  { dependencies, ownership }: Pick<RedriveWorld, 'dependencies' | 'ownership'>,
  call: () => Promise<T>,
): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof TidemarkError) || !error.retryable) throw error;
      await sleep(backoffMs(WRITE_BACKOFF, failures, dependencies.random()), ownership.lost);
    }
  }
}
