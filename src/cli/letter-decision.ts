import type { Command } from 'commander';
import { TidemarkError } from '../core/errors';
import type { RedriveFilter } from '../core/redrive';
import type { ConsumerDefinition } from '../handler/define-consumer';
import { loadConsumers } from '../worker/load-consumer';
import { addDebugOption } from './debug-option';
import { addLetterOptions, filterOf, sequenceNumber, type LetterFlags } from './letter-options';

/** Options of the commands that decide about open dead letters. */
export interface DecisionFlags extends LetterFlags {
  readonly consumer?: string;
  readonly sequence?: string;
  readonly reason?: string;
  readonly by?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

export function addDecisionOptions(command: Command): Command {
  command
    .argument('<file>', 'consumer file')
    .option('--consumer <name>', 'only of this consumer of the file')
    .option('--sequence <number>', 'only the letter with this sequence number', sequenceNumber);
  return addDebugOption(addLetterOptions(command))
    .option('--reason <text>', 'why; the letters keep it')
    .option('--by <name>', 'who; the letters keep it (default: user@host)')
    .option('--yes', 'do not ask')
    .option('--json', 'the result as JSON');
}

export function filterOfDecision(flags: DecisionFlags): RedriveFilter {
  const filter = { ...filterOf(flags), sequenceNumber: flags.sequence };
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}

export async function chosenConsumers(
  file: string,
  { consumer }: { readonly consumer?: string },
): Promise<ConsumerDefinition[]> {
  const all = await loadConsumers(file);
  const chosen = all.filter(({ options }) => consumer === undefined || options.name === consumer);
  if (chosen.length > 0) return chosen;
  const names = all.map(({ options }) => options.name).join(', ');
  throw new TidemarkError('INVALID_OPTION', `The file has no consumer ${consumer}; it has ${names}`);
}

export function describeConsumerOf({ options }: ConsumerDefinition): string {
  return `${options.name} on stream ${options.streamName}`;
}
