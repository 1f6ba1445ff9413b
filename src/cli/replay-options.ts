import type { Command } from 'commander';
import { TidemarkError } from '../core/errors';
import type { ConsumerDefinition } from '../handler/define-consumer';
import { addDebugOption } from './debug-option';
import { chosenConsumers } from './letter-decision';
import { addTemporalOptions } from './temporal-options';

/** Of every command about replays. */
export function addReplayOptions(command: Command): Command {
  command
    .argument('<file>', 'consumer file')
    .option('--consumer <name>', 'which consumer of the file, if it has several')
    .option('--json', 'the result as JSON');
  return addTemporalOptions(addDebugOption(command));
}

/** @throws `INVALID_OPTION` if the file has several and none is named */
export async function theConsumer(file: string, flags: { readonly consumer?: string }): Promise<ConsumerDefinition> {
  const [consumer, another] = await chosenConsumers(file, flags);
  if (consumer !== undefined && another === undefined) return consumer;
  throw new TidemarkError('INVALID_OPTION', 'The file has several consumers', { hint: 'Name one with --consumer.' });
}
