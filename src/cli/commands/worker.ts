import type { Command } from 'commander';
import { loadConsumerFiles } from '../../worker/load-consumer';
import { say } from '../output';
import { addWorkerOptions, prepareWorker, type WorkerFlags } from '../worker-setup';
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
  $ npx tidemark worker flights.ts bookings.ts --max-shards 50`;

async function work(files: readonly string[], flags: WorkerFlags): Promise<void> {
  const { worker, logger } = await prepareWorker(await loadConsumerFiles(files), flags);
  say(`Waiting for shards. \`npx tidemark start ${files.join(' ')}\` starts what does not run yet.`);
  await workUntilSignal(worker, logger);
}
