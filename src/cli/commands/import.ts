import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { ImportedHistory } from '../../client/export-history';
import type { ImportPlan, ImportResult } from '../../client/import-consumer';
import type { TidemarkClient } from '../../client/tidemark-client';
import type { Backup } from '../../core/backup';
import { TidemarkError } from '../../core/errors';
import { describePosition } from '../../core/positions';
import type { ConsumerDefinition } from '../../handler/define-consumer';
import { addBackupOptions, oneConsumer, planLine, type BackupFlags } from '../backup-options';
import { CommandFailed } from '../command-failed';
import { confirm } from '../confirm';
import { checkReadable, historyFileOf, readLines } from '../history-file';
import { describeConsumerOf } from '../letter-decision';
import { pastTime } from '../time-values';
import { print, say } from '../output';
import { printable } from '../printable';
import { withClient } from '../temporal-options';

interface ImportFlags extends BackupFlags {
  readonly input?: string;
  readonly fromKcl?: string;
  /** Epoch milliseconds. */
  readonly startAt?: number;
  readonly withHistory?: boolean;
  readonly replace?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

export function addImportCommand(program: Command): void {
  const command = program
    .command('import')
    .description('write the checkpoints of a consumer that does not run, from a file or from KCL')
    .option('--input <file>', 'what `export` wrote')
    .option(
      '--from-kcl <table>',
      'the lease table of an application of the Kinesis Client Library, 2 or 3, that is stopped',
    )
    .option(
      '--start-at <time>',
      'with --from-kcl: where shards begin that stand at LATEST or AT_TIMESTAMP there',
      pastTime,
    )
    .option('--replace', 'overwrite rows that stand elsewhere')
    .option('--with-history', 'with --input: the history too, from <input>.history.jsonl, where it is missing')
    .option('--dry-run', 'show what it would do, and write nothing')
    .option('--yes', 'do not ask')
    .option('--json', 'the plan and the result as JSON');
  addBackupOptions(command)
    .addHelpText('after', EXAMPLES)
    .action((file: string, flags: ImportFlags) => importFrom(file, flags, command));
}

const EXAMPLES = `
Shows where each shard stands and where it will, then asks. Rows that exist are left without --replace. It can be repeated.
Exit code 1 if a row stands elsewhere than the file says afterwards.

Examples:
  $ npx tidemark import consumer.ts --input backup.json --dry-run
  $ npx tidemark import consumer.ts --input backup.json --replace --yes
  $ npx tidemark import consumer.ts --from-kcl my-kcl-application --start-at 2026-01-31T12:00:00Z`;

async function importFrom(file: string, flags: ImportFlags, command: Command): Promise<void> {
  if ((flags.input === undefined) === (flags.fromKcl === undefined))
    command.error('error: name either a file with --input, or a lease table with --from-kcl');
  if (flags.startAt !== undefined && flags.fromKcl === undefined)
    command.error('error: --start-at goes with --from-kcl');
  if (flags.withHistory && flags.input === undefined) command.error('error: --with-history goes with --input');
  // Before anything is written: the history comes last.
  if (flags.withHistory) await checkReadable(historyFileOf(flags.input ?? ''));
  const consumer = await oneConsumer(file, flags);
  await withClient(flags, async (client) => {
    const backup = await backupOf(client, consumer, flags);
    const plan = await client.backups.planImport(consumer, backup, { replace: flags.replace });
    const what = describeConsumerOf(consumer);
    // Whatever is going to be asked about is shown, also to those who asked for JSON.
    if (flags.json && flags.dryRun) return print(JSON.stringify(jsonOf(plan), undefined, 2));
    (flags.json ? say : print)(renderPlan(plan, what));
    if (flags.dryRun) return;
    if (!(await confirm(`Import into ${what}?`, flags))) return;
    const result = await client.backups.import(consumer, plan);
    const history = await historyOf(client, consumer, flags);
    if (flags.json) print(JSON.stringify({ ...jsonOf(plan, result), history }, undefined, 2));
    else print([renderResult(result), ...(history ? [renderHistory(history)] : [])].join('\n'));
    if (result.shards.some(({ outcome }) => outcome === 'keep' || outcome === 'changed')) throw new CommandFailed();
  });
}

async function backupOf(
  client: TidemarkClient,
  consumer: ConsumerDefinition,
  { input = '', fromKcl, startAt, dryRun }: ImportFlags,
): Promise<Backup> {
  if (fromKcl !== undefined) {
    const watchMs = dryRun ? 0 : undefined;
    if (!dryRun) say('Watching the leases for a few seconds: KCL must not run.');
    return client.backups.fromKcl(consumer, { leaseTable: fromKcl, startAtMs: startAt, watchMs });
  }
  const text = await readFile(input, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new TidemarkError('BACKUP_INVALID', `The backup cannot be opened (${error.code})`, {
      context: { file: input },
    });
  });
  return client.backups.fromText(text);
}

async function historyOf(
  client: TidemarkClient,
  consumer: ConsumerDefinition,
  { withHistory, input = '' }: ImportFlags,
): Promise<ImportedHistory | undefined> {
  return withHistory ? client.backups.importHistory(consumer, readLines(historyFileOf(input))) : undefined;
}

function renderHistory({ written, kept, expired }: ImportedHistory): string {
  return `History: ${written} entries written, ${kept} were there, ${expired} have expired.`;
}

const REGISTRATION_TEXTS: Readonly<Record<ImportPlan['registration'], string>> = {
  create: 'is written',
  same: 'is there',
  keep: 'differs, and the one in the table stays',
  none: 'is not in the backup; `start` makes one',
};

function renderPlan({ backup, registration, steps, restorePoints }: ImportPlan, what: string): string {
  const { exportedAtMs, deadLetters } = backup;
  const letters = deadLetters.letters?.length ?? 0;
  return [
    `Import into ${what}, as of ${new Date(exportedAtMs).toISOString()}:`,
    `  registration ${REGISTRATION_TEXTS[registration]}`,
    ...steps.map(({ shard, action, from, to }) => planLine(shard.shardId, action, from, to)),
    ...(letters > 0 ? [`  ${letters} dead letters are written where they are missing`] : []),
    ...restorePoints.map(({ name, action }) => `  restore point ${printable(name)}: ${action}`),
    ...(steps.some(({ action }) => action === 'keep') ? ['  --replace overwrites the rows that are kept'] : []),
  ].join('\n');
}

function renderResult({ shards, letters, restorePoints }: ImportResult): string {
  const count = (wanted: string): number => shards.filter(({ outcome }) => outcome === wanted).length;
  const changed = shards.filter(({ outcome }) => outcome === 'changed').map(({ shardId }) => shardId);
  const lines = [
    `Imported: ${count('create')} rows created, ${count('replace')} replaced, ${count('same') + count('record')} without a change, ` +
      `${count('keep')} kept, ${letters} dead letters and ${restorePoints} restore points written. \`npx tidemark start <file>\` goes on from there.`,
  ];
  if (changed.length > 0) lines.push(`Changed by somebody else meanwhile, and left: ${changed.join(', ')}`);
  return lines.join('\n');
}

function jsonOf({ backup, registration, steps, restorePoints }: ImportPlan, result?: ImportResult): object {
  const outcomes = new Map(result?.shards.map(({ shardId, outcome }) => [shardId, outcome]));
  return {
    consumer: backup.stream.consumer,
    stream: backup.stream.streamName,
    exportedAt: new Date(backup.exportedAtMs).toISOString(),
    registration,
    shards: steps.map(({ shard: { shardId }, action, from, to }) => ({
      shardId,
      action,
      from: from && describePosition(from),
      to: describePosition(to),
      outcome: outcomes.get(shardId),
    })),
    restorePoints,
    letters: result?.letters,
  };
}
