import type { Logger } from '@temporalio/worker';
import type { TidemarkWorker } from '../worker/create-worker';
import { boundHeapGrowth } from '../worker/heap-growth';
import { say } from './output';
import { listenForStop, type SignalHandlers } from './stop-signals';

const LOOK_INTERVAL_MS = 1_000;

/** Lets a worker work until SIGINT or SIGTERM: then it finishes its batches and hands its shards over. A second signal ends it at once. */
export async function workUntilSignal(
  worker: TidemarkWorker,
  logger: Logger,
  listen: (handlers: SignalHandlers) => () => void = listenForStop,
): Promise<void> {
  boundHeapGrowth();
  const endWatch = tellNewShards(worker, logger);
  const endListening = listen({
    first: (signal) => {
      endWatch();
      say(`${signal}: ${describeFinishing(worker.runningShards())} Ctrl-C leaves at once.`);
      worker.shutdown();
    },
    second: (signal, exitCode) => {
      say(`${signal}: ${describeLeaving(worker.runningShards())}`);
      process.exit(exitCode);
    },
  });
  try {
    await worker.run();
    say('Stopped. Everything handled is committed.');
  } finally {
    endWatch();
    endListening();
  }
}

function describeFinishing(shards: readonly string[]): string {
  return shards.length === 0
    ? 'no shard is being read here, stopping.'
    : `finishing and committing the batch in flight of ${count(shards)}, then handing over: ${list(shards)}.`;
}

function describeLeaving(shards: readonly string[]): string {
  return shards.length === 0
    ? 'left at once; no shard was being read.'
    : `left at once. Still running: ${list(shards)}. What they had not committed is handled again.`;
}

/** Says once which shards this process has begun to read. */
function tellNewShards(worker: TidemarkWorker, logger: Logger): () => void {
  const told = new Set<string>();
  const timer = setInterval(() => {
    const fresh = worker.runningShards().filter((shard) => !told.has(shard));
    if (fresh.length === 0) return;
    for (const shard of fresh) told.add(shard);
    logger.info(`Reading ${count(fresh)}: ${list(fresh)}`);
  }, LOOK_INTERVAL_MS);
  return () => clearInterval(timer);
}

function count(shards: readonly string[]): string {
  return shards.length === 1 ? '1 shard' : `${shards.length} shards`;
}

const LISTED_SHARDS = 20;

function list(shards: readonly string[]): string {
  const more = shards.length - LISTED_SHARDS;
  return [...shards].sort().slice(0, LISTED_SHARDS).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
