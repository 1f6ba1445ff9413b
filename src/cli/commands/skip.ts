import type { Command } from 'commander';
import type { TidemarkClient } from '../../client/tidemark-client';
import { TidemarkError } from '../../core/errors';
import type { ConsumerDefinition } from '../../handler/define-consumer';
import { confirm } from '../confirm';
import { chosenConsumers, describeConsumerOf } from '../letter-decision';
import { addParkedOptions, showOrdered, timeoutMsOf, type ParkedFlags } from '../parked-options';
import { withClient } from '../temporal-options';
import { whoAmI } from '../who-am-i';

interface SkipFlags extends ParkedFlags {
  readonly shard: string;
  readonly reason: string;
  readonly yes?: boolean;
}

export function addSkipCommand(program: Command): void {
  const command = program.command('skip').description('set the record at which a shard is parked aside, and go on');
  addParkedOptions(command)
    .requiredOption('--shard <id>', 'the shard')
    .requiredOption('--reason <text>', "why; the dead letter and Temporal's history keep it")
    .option('--yes', 'do not ask')
    .addHelpText('after', EXAMPLES)
    .action((file: string, flags: SkipFlags) => skip(file, flags));
}

const EXAMPLES = `
The record becomes a discarded dead letter with its payload; \`dead-letters show\` shows it.

Examples:
  $ npx tidemark skip consumer.ts --shard shardId-000000000003 --reason 'order was cancelled'`;

async function skip(file: string, flags: SkipFlags): Promise<void> {
  await withClient(flags, async (client) => {
    for (const consumer of await chosenConsumers(file, flags)) await skipOne(client, consumer, flags);
  });
}

async function skipOne(client: TidemarkClient, consumer: ConsumerDefinition, flags: SkipFlags): Promise<void> {
  const { shard: shardId, key: partitionKey, reason, by = whoAmI() } = flags;
  const where = describeConsumerOf(consumer);
  // The record that is shown is the one that is skipped, or none.
  const sequenceNumber = partitionKey === undefined ? await parkedAt(client, consumer, shardId) : undefined;
  const what = sequenceNumber === undefined ? 'the first parked record of this key' : `record ${sequenceNumber}`;
  if (!(await confirm(`Skip ${what} in ${shardId} of ${where}?`, flags))) return;
  const options = { shardId, partitionKey, sequenceNumber, reason, by, timeoutMs: timeoutMsOf(flags) };
  showOrdered('Skipped', await client.skipParked(consumer, options), flags);
}

async function parkedAt(client: TidemarkClient, consumer: ConsumerDefinition, shardId: string): Promise<string> {
  const { shards } = await client.status(consumer);
  const halt = shards.find((shard) => shard.shardId === shardId)?.halt;
  if (halt) return halt.sequenceNumber;
  throw new TidemarkError('NOT_PARKED', `Shard ${shardId} is not parked`);
}
