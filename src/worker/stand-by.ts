import type { Worker } from '@temporalio/worker';
import type { ActivityDependencies, ConsumerRuntime } from '../activities';
import { RehearsingWorker } from './rehearsing-worker';

/** A worker that has work by then does not stand by, and has run what is slow at first. */
const STAND_BY_AFTER_MS = 500;

/**
 * Asks the AWS services once what any slice asks them, so that the first shard does not wait for code that was never run, for credentials and
 * for connections. Nothing is changed anywhere, and failures say nothing: whoever has work meets them again.
 */
export async function meetServices({ consumers }: Pick<ActivityDependencies, 'consumers'>): Promise<void> {
  await Promise.allSettled([...consumers.values()].map(meetServicesOf));
}

/** Has a worker that got no work rehearse a take-over. Ends with what it returns. */
export function standBy(
  workers: readonly Worker[],
  { running }: Pick<ActivityDependencies, 'running'>,
): { stop(): void } {
  const timer = setTimeout(() => {
    if (running.size === 0) void rehearse(workers).catch(() => undefined);
  }, STAND_BY_AFTER_MS);
  return { stop: () => clearTimeout(timer) };
}

/** One after the other: work that comes meanwhile finds a part of the machine. */
async function rehearse(workers: readonly Worker[]): Promise<void> {
  for (const worker of workers) if (worker instanceof RehearsingWorker) await worker.rehearse();
}

async function meetServicesOf({ definition, kinesis, store }: ConsumerRuntime): Promise<void> {
  const { streamName, streamArn, createdAtMs } = await kinesis.describeStream(definition.options);
  await store.findRegistration({ consumer: definition.options.name, streamName, streamArn, createdAtMs });
}
