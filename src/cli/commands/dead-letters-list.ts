import { Option, type Command } from 'commander';
import { DeadLetterTable } from '../../client/dead-letter-table';
import type { DeadLetterStatus } from '../../core/dead-letter';
import { toFailureRecord } from '../../dead-letters/failure-record';
import { defineConsumer, type ConsumerDefinition } from '../../handler/define-consumer';
import { loadConsumers } from '../../worker/load-consumer';
import { addDebugOption } from '../debug-option';
import { addLetterOptions, filterOf, type LetterFlags } from '../letter-options';
import { renderListing } from '../letter-table';
import { wholeNumber } from '../option-values';
import { print } from '../output';

interface ListFlags extends LetterFlags {
  readonly consumer?: string;
  readonly stream?: string;
  readonly table?: string;
  readonly region?: string;
  readonly status: string;
  readonly limit: number;
  readonly json?: boolean;
}

const STATUSES = ['open', 'parked', 'redriven', 'discarded', 'all'];
const DEFAULT_LIMIT = 100;

export function addListCommand(letters: Command): void {
  const command = letters
    .command('list')
    .description('dead letters without their payloads, with counts by status and error code')
    .argument('[file]', 'consumer file; or name --consumer and --stream')
    .option('--consumer <name>', 'name of the consumer, where its file is not at hand')
    .option('--stream <name>', 'name or ARN of its stream')
    .option('--table <name>', 'its table, if not the default one')
    .option('--region <region>', 'its AWS region (default: as the AWS SDK finds it)')
    .addOption(new Option('--status <status>', 'only with this status').choices(STATUSES).default('open'))
    .option('--limit <number>', 'most letters to show of a consumer', wholeNumber, DEFAULT_LIMIT)
    .option('--json', "a JSON array of consumers; letters have the fields of AWS Lambda's failure records");
  addLetterOptions(addDebugOption(command))
    .addHelpText('after', EXAMPLES)
    .action((file: string | undefined, flags: ListFlags) => list(file, flags, command));
}

const EXAMPLES = `
Status: open (nobody has dealt with it), parked (waits with the other records of its partition key), redriven (handled
later), discarded (given up).

Examples:
  $ npx tidemark dead-letters list consumer.ts --from 2h
  $ npx tidemark dead-letters list --consumer flight-delays --stream flights --status all --json`;

async function list(file: string | undefined, flags: ListFlags, command: Command): Promise<void> {
  const table = new DeadLetterTable();
  const listings: unknown[] = [];
  for (const consumer of await consumersOf(file, flags, command)) {
    const filter = filterOf(flags);
    const counts = await table.count(consumer, filter);
    const listing = await table.list(consumer, { ...filter, status: statusOf(flags), limit: flags.limit });
    const { name, streamName } = consumer.options;
    const letters = listing.letters.map(toFailureRecord);
    if (flags.json) listings.push({ consumer: name, stream: streamName, counts, hasMore: listing.hasMore, letters });
    else print(renderListing(`${name} on stream ${streamName}`, listing, counts));
  }
  if (flags.json) print(JSON.stringify(listings, undefined, 2));
}

async function consumersOf(
  file: string | undefined,
  { consumer, stream, table, region }: ListFlags,
  command: Command,
): Promise<ConsumerDefinition[]> {
  if (file !== undefined) {
    if (stream !== undefined || table !== undefined || region !== undefined)
      command.error('error: name either a consumer file, or --consumer and --stream, not both');
    const consumers = await loadConsumers(file);
    return consumers.filter(({ options }) => consumer === undefined || options.name === consumer);
  }
  if (consumer === undefined || stream === undefined)
    command.error('error: name a consumer file, or both --consumer and --stream');
  // A consumer that is only looked at: where it begins and what it does are of no account.
  const unused = { startFrom: 'LATEST', handler: () => undefined } as const;
  return [defineConsumer({ name: consumer, stream, tableName: table, aws: { region }, ...unused })];
}

function statusOf({ status }: ListFlags): DeadLetterStatus | undefined {
  return status === 'all' ? undefined : (status.toUpperCase() as DeadLetterStatus);
}
