import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Command } from 'commander';
import { createDynamodbClient } from '../../aws/clients';
import { checkCheckpointTable, createCheckpointTable } from '../../checkpoints/table';
import {
  PROTECTIONS,
  readProtections,
  turnOnProtections,
  type Protection,
  type ProtectionReport,
} from '../../checkpoints/table-protection';
import { DEFAULT_TABLE_NAME } from '../../core/names';
import { CommandFailed } from '../command-failed';
import { confirm } from '../confirm';
import { addDebugOption } from '../debug-option';
import { httpUrl } from '../option-values';
import { print } from '../output';
import { nameOfProtection, renderProtections } from '../protection-lines';

interface TableFlags {
  readonly table?: string;
  readonly region?: string;
  readonly endpoint?: string;
}

/** Each is true unless its `--no-…` was given. */
type ProtectionFlags = Readonly<Record<Protection, boolean>>;

export function addTableCommand(program: Command): void {
  const table = program.command('table').description('the DynamoDB table that holds checkpoints');
  const create = table
    .command('create')
    .description('create the checkpoint table: keys pk and sk, on-demand capacity, protected');
  addProtectionOptions(addTableOptions(create))
    .addHelpText('after', CREATE_EXAMPLES)
    .action((flags: TableFlags & ProtectionFlags) => createTable(flags));
  const check = table
    .command('check')
    .description('what the table is protected against; exit code 1 if a thing is off');
  addTableOptions(check)
    .option('--json', 'the result as JSON')
    .addHelpText('after', CHECK_EXAMPLES)
    .action((flags: TableFlags & { readonly json?: boolean }) => checkTable(flags));
  const protect = table.command('protect').description('turn on what is off, after showing it and asking');
  addProtectionOptions(addTableOptions(protect))
    .option('--yes', 'do not ask')
    .addHelpText('after', PROTECT_EXAMPLES)
    .action((flags: TableFlags & ProtectionFlags & { readonly yes?: boolean }) => protectTable(flags));
}

function addTableOptions(command: Command): Command {
  return addDebugOption(
    command
      .option('--table <name>', `name of the table (default: ${DEFAULT_TABLE_NAME})`)
      .option('--region <region>', 'AWS region (default: as the AWS SDK finds it)')
      .option('--endpoint <url>', 'address of DynamoDB (default: AWS_ENDPOINT_URL_DYNAMODB, else AWS)', httpUrl),
  );
}

function addProtectionOptions(command: Command): Command {
  return command
    .option('--no-point-in-time-recovery', 'without backups of every second of the last 35 days')
    .option('--no-deletion-protection', 'without protection from DeleteTable')
    .option('--no-time-to-live', 'without time-to-live on expiresAt: nothing expires');
}

const CREATE_EXAMPLES = `
Turns on point-in-time recovery, deletion protection and time-to-live. A table that exists is checked and left as it is.
One table serves many consumers.

Examples:
  $ npx tidemark table create
  $ npx tidemark table create --table my-checkpoints --region eu-west-1
  $ npx tidemark table create --no-deletion-protection     for a table of a test`;

const CHECK_EXAMPLES = `
Examples:
  $ npx tidemark table check
  $ npx tidemark table check --json | jq '.protections[] | select(.state != "on")'`;

const PROTECT_EXAMPLES = `
Examples:
  $ npx tidemark table protect
  $ npx tidemark table protect --no-deletion-protection --yes`;

async function createTable(flags: TableFlags & ProtectionFlags): Promise<void> {
  await withTable(flags, async (client, table) => {
    const outcome = await createCheckpointTable(client, table, { timeToLive: flags.timeToLive });
    const isNew = outcome === 'created';
    print(isNew ? `Created the checkpoint table ${table}.` : `The checkpoint table ${table} exists and fits.`);
    const reports = isNew
      ? await turnOnProtections(client, table, wantedBy(flags))
      : await readProtections(client, table);
    print(renderProtections(reports));
    if (!isNew && reports.some(({ state }) => state === 'off'))
      print('`npx tidemark table protect` turns on what is off.');
  });
}

async function checkTable(flags: TableFlags & { readonly json?: boolean }): Promise<void> {
  await withTable(flags, async (client, table) => {
    await checkCheckpointTable(client, table);
    const protections = await readProtections(client, table);
    const isOff = protections.some(({ state }) => state === 'off');
    if (flags.json) print(JSON.stringify({ table, protections }, undefined, 2));
    else print(`The checkpoint table ${table}:\n${renderProtections(protections)}`);
    if (!isOff) return;
    if (!flags.json) print('`npx tidemark table protect` turns on what is off.');
    throw new CommandFailed();
  });
}

async function protectTable(flags: TableFlags & ProtectionFlags & { readonly yes?: boolean }): Promise<void> {
  await withTable(flags, async (client, table) => {
    await checkCheckpointTable(client, table);
    const before = await readProtections(client, table);
    print(`The checkpoint table ${table}:\n${renderProtections(before)}`);
    const off = before.filter(({ state, protection }) => state === 'off' && wantedBy(flags).includes(protection));
    if (off.length === 0) return print('Nothing to turn on.');
    const names = off.map(({ protection }) => nameOfProtection(protection)).join(', ');
    if (!(await confirm(`Turn on ${names} of table ${table}?`, flags))) return;
    const wanted = off.map(({ protection }) => protection);
    const after = await turnOnProtections(client, table, wanted);
    print(`Now:\n${renderProtections(after)}`);
    if (!areOn(after, wanted)) throw new CommandFailed();
  });
}

function areOn(reports: readonly ProtectionReport[], wanted: readonly Protection[]): boolean {
  return reports.every(({ protection, state }) => state === 'on' || !wanted.includes(protection));
}

function wantedBy(flags: ProtectionFlags): Protection[] {
  return PROTECTIONS.filter((protection) => flags[protection]);
}

async function withTable(
  { table = DEFAULT_TABLE_NAME, region, endpoint }: TableFlags,
  action: (client: DynamoDBClient, table: string) => Promise<void>,
): Promise<void> {
  const client = createDynamodbClient({ region, dynamodbEndpoint: endpoint });
  try {
    await action(client, table);
  } finally {
    client.destroy();
  }
}
