import type { Command } from 'commander';
import { TidemarkError } from '../core/errors';
import { describePosition, type Position } from '../core/positions';
import type { ConsumerDefinition } from '../handler/define-consumer';
import { addDebugOption } from './debug-option';
import { chosenConsumers } from './letter-decision';
import { addTemporalOptions, type TemporalFlags } from './temporal-options';

/** Options of the commands that deal with the checkpoints of one consumer as a whole. */
export interface BackupFlags extends TemporalFlags {
  readonly consumer?: string;
  readonly json?: boolean;
}

export function addBackupOptions(command: Command): Command {
  command.argument('<file>', 'consumer file').option('--consumer <name>', 'this consumer of the file');
  return addTemporalOptions(addDebugOption(command));
}

/** @throws `INVALID_OPTION` where the file has several and none is named */
export async function oneConsumer(file: string, flags: BackupFlags): Promise<ConsumerDefinition> {
  const [first, ...others] = await chosenConsumers(file, flags);
  if (first && others.length === 0) return first;
  throw new TidemarkError('INVALID_OPTION', `The file has ${others.length + 1} consumers`, {
    hint: 'Name one with --consumer.',
  });
}

/** One line of a plan: which shard, what, from where to where. */
export function planLine(shardId: string, what: string, from: Position | undefined, to: Position | undefined): string {
  const places = [from ? describePosition(from) : 'no row', to && describePosition(to)].filter((place) => place);
  return `  ${shardId.padEnd(20)}  ${what.padEnd(8)}  ${places.join(' -> ')}`;
}
