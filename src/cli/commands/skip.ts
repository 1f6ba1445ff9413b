import type { Command } from 'commander';
import type { ShardReport } from '../../client/consumer-status';
import type { OrderedShard } from '../../client/parked-orders';
import type { TidemarkClient } from '../../client/tidemark-client';
import { describeLoss } from '../../core/failure-step-text';
import { TidemarkError } from '../../core/errors';
import type { ConsumerDefinition } from '../../handler/define-consumer';
import { confirm } from '../confirm';
import { timeoutMsOf } from '../control-options';
import { chosenConsumers, describeConsumerOf } from '../letter-decision';
import { addParkedOptions, orderEach, showOrdered, type ParkedFlags } from '../parked-options';
import { printable } from '../printable';
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
The record is shown before you are asked. It becomes a discarded dead letter with its payload; \`dead-letters show\` shows it.
A shard that waits because retention took records (\`onDataLoss: 'stop'\`) goes on with the oldest record that is left.
With --key it is the first parked record of the key; those behind it are handled in order.

Examples:
  $ npx tidemark skip consumer.ts --shard shardId-000000000003 --reason 'order was cancelled'
  $ npx tidemark skip consumer.ts --shard shardId-000000000003 --key customer-17 --reason 'test data' --yes`;

async function skip(file: string, flags: SkipFlags): Promise<void> {
  const consumers = await chosenConsumers(file, flags);
  await withClient(flags, async (client) => {
    showOrdered('Skipped in', await orderEach(consumers, (consumer) => skipOne(client, consumer, flags)), flags);
  });
}

/** Undefined if it was not wanted. */
async function skipOne(
  client: TidemarkClient,
  consumer: ConsumerDefinition,
  flags: SkipFlags,
): Promise<readonly OrderedShard[] | undefined> {
  const { shard: shardId, key: partitionKey, reason, by = whoAmI() } = flags;
  const parked = partitionKey === undefined ? await parkedAt(client, consumer, shardId) : undefined;
  const what = parked?.what ?? (await firstOfKey(client, consumer, { shardId, partitionKey }));
  if (!(await confirm(`Skip ${what} in ${shardId} of ${describeConsumerOf(consumer)}?`, flags))) return undefined;
  // The record that is shown is the one that is skipped, or none.
  const { sequenceNumber, acceptLoss } = parked ?? {};
  const options = { shardId, partitionKey, sequenceNumber, acceptLoss, reason, by };
  return client.skipParked(consumer, { ...options, timeoutMs: timeoutMsOf(flags) });
}

/** Why the shard is parked: a record, or what retention took. */
interface ParkedPlace {
  readonly sequenceNumber?: string;
  readonly acceptLoss?: true;
  readonly what: string;
}

async function parkedAt(client: TidemarkClient, consumer: ConsumerDefinition, shardId: string): Promise<ParkedPlace> {
  const { shards } = await client.status(consumer);
  const shard = shards.find((candidate) => candidate.shardId === shardId);
  if (shard?.halt === undefined || shard.state !== 'PARKED') throw notParked(shardId, shard);
  const { halt, lastError } = shard;
  if (halt.loss) return { acceptLoss: true, what: describeLoss(halt.loss) };
  const why = lastError ? ` (${lastError.code}: ${printable(lastError.message)})` : '';
  const since = new Date(halt.sinceMs).toISOString();
  return { sequenceNumber: halt.sequenceNumber, what: `record ${halt.sequenceNumber}, parked since ${since}${why},` };
}

function notParked(shardId: string, shard: ShardReport | undefined): TidemarkError {
  if (shard === undefined) return new TidemarkError('NOT_PARKED', `The consumer has no shard ${shardId}`);
  const { parkedKeys = 0, state } = shard;
  if (state === 'NO_WORKER')
    return new TidemarkError('NO_WORKER', `No worker tells whether shard ${shardId} is parked`, {
      hint: 'See that a worker of this consumer runs: `npx tidemark worker <file>`.',
    });
  const keys = parkedKeys > 0 ? '; partition keys of it are: name one with --key' : '';
  return new TidemarkError('NOT_PARKED', `Shard ${shardId} itself is not parked but ${state}${keys}`);
}

/** The oldest record of the key that waits: it is the one that failed. */
async function firstOfKey(
  client: TidemarkClient,
  consumer: ConsumerDefinition,
  { shardId, partitionKey }: { readonly shardId: string; readonly partitionKey?: string },
): Promise<string> {
  const { letters, hasMore } = await client.deadLetters.list(consumer, {
    shardId,
    status: 'PARKED',
    limit: MAX_LETTERS,
  });
  const first = letters.find((letter) => letter.partitionKey === partitionKey);
  if (first === undefined && !hasMore)
    throw new TidemarkError('NOT_PARKED', `No record of this partition key is parked in ${shardId}`);
  if (first === undefined) return 'the first parked record of this key';
  const error = first.errors.at(-1);
  return `record ${first.sequenceNumber} of this key${error ? ` (${error.code}: ${printable(error.message)})` : ''}`;
}

const MAX_LETTERS = 10_000;
