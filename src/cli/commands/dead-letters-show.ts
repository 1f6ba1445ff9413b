import type { Command } from 'commander';
import { DeadLetterTable } from '../../client/dead-letter-table';
import type { DeadLetter } from '../../core/dead-letter';
import { codeOf, TidemarkError } from '../../core/errors';
import { toFailureRecord } from '../../dead-letters/failure-record';
import type { ConsumerDefinition } from '../../handler/define-consumer';
import { loadConsumers } from '../../worker/load-consumer';
import { addDebugOption } from '../debug-option';
import { sequenceNumber } from '../letter-options';
import { renderLetter } from '../letter-text';
import { print } from '../output';

interface ShowFlags {
  readonly shard?: string;
  readonly raw?: boolean;
  readonly json?: boolean;
}

export function addShowCommand(letters: Command): void {
  const command = letters
    .command('show')
    .description('one dead letter with its errors and its payload')
    .argument('<file>', 'consumer file')
    .argument('<sequenceNumber>', 'its sequence number, as `list` shows it', sequenceNumber)
    .option('--shard <id>', 'its shard (default: every shard is looked into)')
    .option('--raw', 'nothing but the bytes of the payload')
    .option('--json', "one JSON document with the fields of AWS Lambda's failure records, and the payload in base64");
  addDebugOption(command)
    .addHelpText('after', EXAMPLES)
    .action((file: string, number: string, flags: ShowFlags) => show(file, number, flags, command));
}

const EXAMPLES = `
A payload that is not plain text is shown in base64.

Examples:
  $ npx tidemark dead-letters show consumer.ts 49671246667567228643283430150187087032206582658500001794
  $ npx tidemark dead-letters show consumer.ts 49671246667567228643283430150187087032206582658500001794 --raw > record.bin`;

async function show(file: string, number: string, flags: ShowFlags, command: Command): Promise<void> {
  if (flags.raw && flags.json) command.error('error: --raw or --json, not both');
  if (flags.raw && process.stdout.isTTY)
    command.error(
      'error: --raw gives the bytes as they are, which a terminal may take for commands: redirect it to a file',
    );
  const letter = await find(await loadConsumers(file), number, flags.shard);
  if (flags.raw) return writeRaw(letter.data);
  print(flags.json ? JSON.stringify(toFailureRecord(letter), undefined, 2) : renderLetter(letter));
}

/** Of the first consumer of the file that has it. */
async function find(
  consumers: readonly ConsumerDefinition[],
  number: string,
  shardId: string | undefined,
): Promise<DeadLetter> {
  let notFound: unknown = new TidemarkError('INVALID_CONSUMER_FILE', 'The file has no consumer');
  for (const consumer of consumers) {
    try {
      return await new DeadLetterTable().get(consumer, { sequenceNumber: number, shardId });
    } catch (error) {
      if (codeOf(error) !== 'DEAD_LETTER_NOT_FOUND') throw error;
      notFound = error;
    }
  }
  throw notFound;
}

/** The process exits right after the command: the bytes must be on their way by then. */
function writeRaw(data: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(data, (error) => (error ? reject(error) : resolve()));
  });
}
