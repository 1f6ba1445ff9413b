import { open } from 'node:fs/promises';
import type { Command } from 'commander';
import type { Backup } from '../../core/backup';
import { addBackupOptions, oneConsumer, type BackupFlags } from '../backup-options';
import { historyFileOf, writeLines } from '../history-file';
import { describeConsumerOf } from '../letter-decision';
import { print, say } from '../output';
import { withClient } from '../temporal-options';

interface ExportFlags extends BackupFlags {
  readonly output?: string;
  readonly deadLetters?: boolean;
  readonly withHistory?: boolean;
}

export function addExportCommand(program: Command): void {
  const command = program
    .command('export')
    .description('all checkpoints of a consumer as a JSON file, for `import`')
    .option('--output <file>', 'write it there instead of to standard output')
    .option('--dead-letters', 'with open and parked dead letters, and their payloads; otherwise they are counted only')
    .option('--with-history', 'the history of the checkpoints too, in <output>.history.jsonl');
  addBackupOptions(command)
    .addHelpText('after', EXAMPLES)
    .action((file: string, flags: ExportFlags) => exportTo(file, flags, command));
}

const EXAMPLES = `
The consumer may run meanwhile. docs/backups.md describes the file.

Examples:
  $ npx tidemark export consumer.ts --output backup.json
  $ npx tidemark export consumer.ts --output backup.json --with-history --dead-letters
  $ npx tidemark export consumer.ts | jq '.shards[].checkpoint.position'`;

async function exportTo(file: string, flags: ExportFlags, command: Command): Promise<void> {
  const { output } = flags;
  if (flags.withHistory && output === undefined)
    command.error('error: --with-history writes a file beside that of --output: name one');
  const consumer = await oneConsumer(file, flags);
  await withClient(flags, async (client) => {
    const backup = await client.backups.export(consumer, { deadLetters: flags.deadLetters });
    const text = client.backups.toText(backup);
    if (output === undefined) print(text.trimEnd());
    else await writeWhole(output, text);
    say(`Exported ${describeConsumerOf(consumer)}: ${describeBackup(backup)}.${parkedNote(backup)}`);
    if (!flags.withHistory || output === undefined) return;
    const lines = await writeLines(historyFileOf(output), client.backups.exportHistory(consumer));
    say(`Exported ${(lines - 1).toLocaleString('en-US')} entries of the history to ${historyFileOf(output)}.`);
  });
}

/** Payloads may be in it: for nobody else to read. */
async function writeWhole(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

function describeBackup({ shards, restorePoints = [], deadLetters }: Backup): string {
  const { open: openLetters, parked, letters } = deadLetters;
  const checkpoints = shards.filter(({ checkpoint }) => checkpoint !== undefined).length;
  const exported = letters === undefined ? 'not exported' : `${letters.length} exported`;
  return `${shards.length} shards, ${checkpoints} checkpoints, ${restorePoints.length} restore points; dead letters: ${openLetters} open, ${parked} parked, ${exported}`;
}

function parkedNote({ deadLetters: { parked, letters } }: Backup): string {
  if (parked === 0 || letters !== undefined) return '';
  return ' The checkpoints are past the parked records: only their letters have them. Export with --dead-letters.';
}
