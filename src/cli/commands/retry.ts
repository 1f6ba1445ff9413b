import type { Command } from 'commander';
import { timeoutMsOf } from '../control-options';
import { chosenConsumers } from '../letter-decision';
import { addParkedOptions, orderEach, showOrdered, type ParkedFlags } from '../parked-options';
import { withClient } from '../temporal-options';
import { whoAmI } from '../who-am-i';

export function addRetryCommand(program: Command): void {
  const command = program.command('retry').description('try again what is parked: shards, and partition keys');
  addParkedOptions(command)
    .option('--shard <id>', 'only this shard')
    .option('--reason <text>', "why, for Temporal's history")
    .addHelpText('after', EXAMPLES)
    .action((file: string, flags: ParkedFlags) => retry(file, flags));
}

const EXAMPLES = `
Deploy a handler that can handle the records first: they have all their attempts again.

Examples:
  $ npx tidemark retry consumer.ts --reason 'fixed in 1.4'
  $ npx tidemark retry consumer.ts --shard shardId-000000000003 --key customer-17`;

async function retry(file: string, flags: ParkedFlags): Promise<void> {
  const { shard: shardId, key: partitionKey, reason, by = whoAmI() } = flags;
  const consumers = await chosenConsumers(file, flags);
  await withClient(flags, async (client) => {
    const options = { shardId, partitionKey, reason, by, timeoutMs: timeoutMsOf(flags) };
    showOrdered('Tried again', await orderEach(consumers, (consumer) => client.retryParked(consumer, options)), flags);
  });
}
