import type { Worker } from '@temporalio/worker';
import type { ActivityDependencies, ConsumerRuntime } from '../activities';
import { RehearsingWorker } from './rehearsing-worker';

/** A worker that has work by then does not stand by, and has run what is slow at first. */
const STAND_BY_AFTER_MS = 500;

/**
 * Has a worker that got no work run once what a shard that it takes over would otherwise wait for: code that was never run, credentials,
 * connections. Nothing is changed anywhere, and failures say nothing: whoever has work meets them again. Ends with what it returns.
 */
export function standBy(
  workers: readonly Worker[],
  dependencies: Pick<ActivityDependencies, 'consumers' | 'running'>,
): { stop(): void } {
  const timer = setTimeout(() => void prepare(workers, dependencies).catch(() => undefined), STAND_BY_AFTER_MS);
  return { stop: () => clearTimeout(timer) };
}

async function prepare(
  workers: readonly Worker[],
  { consumers, running }: Pick<ActivityDependencies, 'consumers' | 'running'>,
): Promise<void> {
  if (running.size > 0) return;
  await Promise.allSettled([...consumers.values()].map(becomeKnown));
  // One after the other: work that comes meanwhile finds a part of the machine.
  for (const worker of workers) if (worker instanceof RehearsingWorker) await worker.rehearse();
}

/** Reads what any slice reads; each service is asked once. */
async function becomeKnown({ definition, kinesis, store }: ConsumerRuntime): Promise<void> {
  const { streamName, streamArn, createdAtMs } = await kinesis.describeStream(definition.options);
  await store.findRegistration({ consumer: definition.options.name, streamName, streamArn, createdAtMs });
}
