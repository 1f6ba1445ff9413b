import type { Command } from 'commander';
import { createConsumerServices } from '../../aws/consumer-services';
import { createCheckpointTable } from '../../checkpoints/table';
import type { ConsumerDefinition } from '../../handler/define-consumer';
import { loadConsumerFiles } from '../../worker/load-consumer';
import { say } from '../output';
import { withClient } from '../temporal-options';
import { supervise } from '../supervisor/supervise';
import {
  addWorkerOptions,
  prepareWorker,
  type PreparedWorker,
  type PrepareWorker,
  type WorkerFlags,
} from '../worker-setup';
import { workUntilSignal } from '../work-until-signal';
import { describeStarted } from './start';

interface RunFlags extends WorkerFlags {
  readonly createTable?: boolean;
}

export function addRunCommand(program: Command): void {
  const command = program
    .command('run')
    .description('start a consumer, if it does not run, and work until Ctrl-C or SIGTERM')
    .argument('<file>', 'consumer file (.ts .mts .cts .js .mjs .cjs)')
    .option('--create-table', 'create the checkpoint table if it does not exist');
  addWorkerOptions(command)
    .addHelpText('after', EXAMPLES)
    .action((file: string, flags: RunFlags) => run(file, flags));
}

const EXAMPLES = `
The first Ctrl-C or SIGTERM finishes and commits the batches in flight, then ends. The consumer stays started: its shards
go on at other workers, or with the next \`run\`. A second Ctrl-C leaves at once. \`tidemark stop\` ends the consumer.

Examples:
  $ npx tidemark run consumer.ts --create-table
  $ npx tidemark run consumer.ts --address temporal:7233 --tls --namespace prod`;

async function run(file: string, flags: RunFlags): Promise<void> {
  const { processes = 1 } = flags;
  if (processes > 1) return supervise(processes, { command: 'run', files: [file], flags });
  const { worker, logger } = await prepareRun([file], flags, prepareWorker);
  await workUntilSignal(worker, logger);
}

/** A worker for the consumers of these files, which are started. */
export async function prepareRun<T extends PreparedWorker>(
  files: readonly string[],
  flags: RunFlags,
  prepare: PrepareWorker<T>,
): Promise<T> {
  const consumers = await loadConsumerFiles(files);
  const prepared = await prepare(consumers, flags);
  if (flags.createTable) for (const consumer of consumers) await createTable(consumer);
  await withClient(flags, async (client) => {
    for (const consumer of consumers) say(describeStarted(consumer, await client.start(consumer)));
  });
  return prepared;
}

async function createTable({ options }: ConsumerDefinition): Promise<void> {
  const services = createConsumerServices(options);
  try {
    const outcome = await createCheckpointTable(services.dynamodb, options.tableName);
    if (outcome === 'created')
      say(`Created the checkpoint table ${options.tableName}. ${protectHint(options.tableName)}`);
  } finally {
    services.close();
  }
}

function protectHint(tableName: string): string {
  return `It has no backups and can be deleted: \`npx tidemark table protect --table ${tableName}\` changes that.`;
}
