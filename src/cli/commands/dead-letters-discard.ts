import type { Command } from 'commander';
import { DeadLetterTable } from '../../client/dead-letter-table';
import type { DiscardedLetters } from '../../client/dead-letters-store';
import { describeRedriveFilter } from '../../core/redrive-details';
import type { ConsumerDefinition } from '../../handler/define-consumer';
import { confirm } from '../confirm';
import {
  addDecisionOptions,
  chosenConsumers,
  describeConsumerOf,
  filterOfDecision,
  type DecisionFlags,
} from '../letter-decision';
import { print, say } from '../output';
import { showProgress } from '../progress-line';
import { whoAmI } from '../who-am-i';

export function addDiscardCommand(letters: Command): void {
  const command = letters.command('discard').description('give open dead letters up; they are kept, as discarded');
  addDecisionOptions(command)
    .addHelpText('after', EXAMPLES)
    .action((file: string, flags: DecisionFlags) => discard(file, flags));
}

const EXAMPLES = `
A discarded letter is not redriven. It keeps its payload, until it expires if the consumer has \`deadLetterTtlMs\`.

Examples:
  $ npx tidemark dead-letters discard consumer.ts --code SCHEMA_INVALID --to 7d --reason 'test data of the old producer'`;

async function discard(file: string, flags: DecisionFlags): Promise<void> {
  const results: unknown[] = [];
  for (const consumer of await chosenConsumers(file, flags)) {
    const result = await discardOne(consumer, flags);
    if (result === undefined) continue;
    const { name, streamName } = consumer.options;
    results.push({ consumer: name, stream: streamName, ...result });
    if (!flags.json) print(`${describeConsumerOf(consumer)}: ${describeResult(result)}`);
  }
  if (flags.json) print(JSON.stringify(results, undefined, 2));
}

/** Undefined if there is nothing to do, or it was not wanted. */
async function discardOne(consumer: ConsumerDefinition, flags: DecisionFlags): Promise<DiscardedLetters | undefined> {
  const table = new DeadLetterTable();
  const filter = filterOfDecision(flags);
  const where = describeConsumerOf(consumer);
  const total = await table.countOpen(consumer, filter);
  if (total === 0) say(`${where}: nothing to discard (${describeRedriveFilter(filter)}).`);
  if (total === 0 || !(await confirm(`Discard ${where}: ${total} of ${describeRedriveFilter(filter)}?`, flags)))
    return undefined;
  const { by = whoAmI(), reason } = flags;
  const progress = showProgress('Letters', total);
  try {
    return await table.discard(consumer, { filter, by, reason, onProgress: (done) => progress.update(done, '') });
  } finally {
    progress.stop();
  }
}

function describeResult({ discarded, changed }: DiscardedLetters): string {
  return `${discarded} discarded${changed === 0 ? '' : `, ${changed} changed meanwhile and left as they are`}.`;
}
