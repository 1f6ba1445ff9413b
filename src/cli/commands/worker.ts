import type { Command } from 'commander';
import { loadConsumerFiles } from '../../worker/load-consumer';
import { supervise } from '../supervisor/supervise';
import {
  addWorkerOptions,
  prepareWorker,
  sayWaiting,
  type PreparedWorker,
  type PrepareWorker,
  type WorkerFlags,
} from '../worker-setup';
import { workUntilSignal } from '../work-until-signal';

export function addWorkerCommand(program: Command): void {
  const command = program
    .command('worker')
    .description('work for consumers that were started, until Ctrl-C or SIGTERM')
    .argument('<file...>', 'consumer files; one process can serve several consumers');
  addWorkerOptions(command)
    .addHelpText('after', EXAMPLES)
    .action((files: string[], flags: WorkerFlags) => work(files, flags));
}

const EXAMPLES = `
Shards spread over all workers of a consumer. When one ends, its shards go on at the others.

Examples:
  $ npx tidemark worker consumer.ts
  $ npx tidemark worker flights.ts bookings.ts --max-shards 50
  $ npx tidemark worker consumer.ts --processes auto --metrics --health`;

async function work(files: readonly string[], flags: WorkerFlags): Promise<void> {
  const { processes = 1 } = flags;
  if (processes > 1) return supervise(processes, { command: 'worker', files, flags });
  const { worker, logger } = await prepareWork(files, flags, prepareWorker);
  sayWaiting(files);
  await workUntilSignal(worker, logger);
}

/** A worker for the consumers of these files. */
export async function prepareWork<T extends PreparedWorker>(
  files: readonly string[],
  flags: WorkerFlags,
  prepare: PrepareWorker<T>,
): Promise<T> {
  return prepare(await loadConsumerFiles(files), flags);
}
