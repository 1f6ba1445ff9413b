import type { Command } from 'commander';
import type { ConsumerReport } from '../../client/consumer-status';
import type { TidemarkClient } from '../../client/tidemark-client';
import type { ConsumerDefinition } from '../../handler/define-consumer';
import { loadConsumers } from '../../worker/load-consumer';
import { addDebugOption } from '../debug-option';
import { wholeNumber } from '../option-values';
import { print } from '../output';
import { StatusRates } from '../status-rates';
import { renderReports } from '../status-table';
import { addTemporalOptions, withClient, type TemporalFlags } from '../temporal-options';
import { watch } from '../watch';

interface StatusFlags extends TemporalFlags {
  readonly watch?: boolean;
  readonly json?: boolean;
  readonly top?: number;
  readonly state?: readonly string[];
}

export function addStatusCommand(program: Command): void {
  const command = program
    .command('status')
    .description('where every shard stands: state, position, lag, last commit, last error')
    .argument('[file]', 'consumer file; without it, all consumers that run in the namespace, as Temporal knows them')
    .option('--watch', 'draw again every 2 seconds, until Ctrl-C')
    .option('--top <n>', 'only so many shards per consumer, the most troubled first', wholeNumber)
    .option('--state <state...>', 'only shards in these states, such as RETRYING PARKED', states)
    .option('--json', 'a JSON array of consumers; with --watch one line each time');
  addTemporalOptions(addDebugOption(command))
    .addHelpText('after', EXAMPLES)
    .action((file: string | undefined, flags: StatusFlags) => status(file, flags));
}

const EXAMPLES = `
States: READING, RETRYING (see the last error), PARKED (waits for \`retry\` or \`skip\`), PAUSED (waits for \`resume\`),
WAITING (for its parent shards), FINISHED, STOPPED, FAILED, NOT_RUNNING (no workflow), NO_WORKER (no worker answers). FAILED and PARKED come first.

Examples:
  $ npx tidemark status consumer.ts --watch --top 20
  $ npx tidemark status --json | jq '.[].shards[] | select(.failures > 0)'
  $ npx tidemark status consumer.ts --json | jq '.[].shards[] | {shardId, halt, streak, recentEvents}'`;

async function status(file: string | undefined, flags: StatusFlags): Promise<void> {
  const consumers = file === undefined ? undefined : await loadConsumers(file);
  await withClient(flags, async (client) => {
    const rates = flags.watch ? new StatusRates() : undefined;
    const picture = async (): Promise<string> => {
      const reports = await readReports(client, consumers);
      rates?.look(reports, Date.now());
      return show(reports, flags, rates);
    };
    if (!flags.watch) return print(await picture());
    await watch(picture, { isLines: flags.json === true });
  });
}

async function readReports(
  client: TidemarkClient,
  consumers: readonly ConsumerDefinition[] | undefined,
): Promise<ConsumerReport[]> {
  if (!consumers) return client.statusOfRunning();
  const reports: ConsumerReport[] = [];
  for (const consumer of consumers) reports.push(await client.status(consumer));
  return reports;
}

function show(reports: readonly ConsumerReport[], flags: StatusFlags, rates: StatusRates | undefined): string {
  const { json, top, state, watch: isWatching } = flags;
  if (json) return JSON.stringify(reports, undefined, isWatching ? undefined : 2);
  return renderReports(reports, { nowMs: Date.now(), top, states: state, rates });
}

/** One after the other, in capitals as status shows them. */
function states(text: string, before: readonly string[] = []): string[] {
  return [...before, text.toUpperCase()];
}
