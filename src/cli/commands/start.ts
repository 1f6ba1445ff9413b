import type { Command } from 'commander';
import type { StartedConsumer } from '../../client/start-consumer';
import type { ConsumerDefinition } from '../../handler/define-consumer';
import { loadConsumers } from '../../worker/load-consumer';
import { addDebugOption } from '../debug-option';
import { print } from '../output';
import { addTemporalOptions, withClient, type TemporalFlags } from '../temporal-options';

export function addStartCommand(program: Command): void {
  const command = program
    .command('start')
    .description('start the workflows of a consumer; workers do the work')
    .argument('<file>', 'consumer file');
  addTemporalOptions(addDebugOption(command))
    .addHelpText('after', EXAMPLES)
    .action((file: string, flags: TemporalFlags) => start(file, flags));
}

const EXAMPLES = `
Can be repeated: a consumer that runs is left alone, and one that was stopped goes on from its checkpoints.

Examples:
  $ npx tidemark start consumer.ts`;

async function start(file: string, flags: TemporalFlags): Promise<void> {
  const consumers = await loadConsumers(file);
  await withClient(flags, async (client) => {
    for (const consumer of consumers) print(describeStarted(consumer, await client.start(consumer)));
  });
}

export function describeStarted(
  { options }: ConsumerDefinition,
  { isNew, workflowId, registration }: StartedConsumer,
): string {
  const what = `${options.name} on stream ${options.streamName}`;
  if (!isNew) return `Runs already: ${what} (workflow ${workflowId}).`;
  return `Started ${what} (workflow ${workflowId}); shards without a checkpoint begin at ${registration.requestedStart}.`;
}
