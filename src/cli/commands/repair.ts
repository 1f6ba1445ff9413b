import type { Command } from 'commander';
import type { RepairPlan, RepairResult, RepairShard } from '../../client/repair-consumer';
import { describePosition } from '../../core/positions';
import { addBackupOptions, oneConsumer, type BackupFlags } from '../backup-options';
import { CommandFailed } from '../command-failed';
import { confirm } from '../confirm';
import { describeConsumerOf } from '../letter-decision';
import { print, say } from '../output';
import { withClient } from '../temporal-options';

interface RepairFlags extends BackupFlags {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

export function addRepairCommand(program: Command): void {
  const command = program
    .command('repair')
    .description('write again what the table has lost and workflows still know; tell which workflows are lost')
    .option('--dry-run', 'show what it would do, and write nothing')
    .option('--yes', 'do not ask')
    .option('--json', 'the plan and the result as JSON');
  addBackupOptions(command)
    .addHelpText('after', EXAMPLES)
    .action((file: string, flags: RepairFlags) => repair(file, flags));
}

const EXAMPLES = `
Writes only what is missing. The consumer may run: a running workflow writes its own row again anyway, with its next commit.
Exit code 1 if a shard has neither a row nor a workflow that remembers it.

Examples:
  $ npx tidemark repair consumer.ts --dry-run
  $ npx tidemark repair consumer.ts --yes`;

async function repair(file: string, flags: RepairFlags): Promise<void> {
  const consumer = await oneConsumer(file, flags);
  await withClient(flags, async (client) => {
    const plan = await client.backups.planRepair(consumer);
    const what = describeConsumerOf(consumer);
    if (flags.json && flags.dryRun) print(JSON.stringify(jsonOf(plan), undefined, 2));
    else (flags.json ? say : print)(renderPlan(plan, what));
    if (isAnythingMissing(plan) && !flags.dryRun) {
      if (!(await confirm(`Write what is missing of ${what}?`, flags))) return;
      const result = await client.backups.repair(consumer, plan);
      print(flags.json ? JSON.stringify(jsonOf(plan, result), undefined, 2) : renderResult(result));
    } else if (flags.json && !flags.dryRun) print(JSON.stringify(jsonOf(plan), undefined, 2));
    if (plan.shards.some(isLost)) throw new CommandFailed();
  });
}

function isAnythingMissing({ registrationToWrite, shards }: RepairPlan): boolean {
  return registrationToWrite !== undefined || shards.some(({ isKnown, rebuilt }) => !isKnown || rebuilt !== undefined);
}

/** Its workflow existed and tells nothing, and it has no row. One without any workflow may simply wait for its parents. */
function isLost({ row, rebuilt, workflow }: RepairShard): boolean {
  return row === undefined && rebuilt === undefined && workflow !== 'NONE';
}

const REGISTRATION_TEXTS: Readonly<Record<RepairPlan['registration'], string>> = {
  present: 'is there',
  rebuild: 'is missing: written again as the stream workflow remembers it',
  lost: 'is missing, and no workflow remembers it: `start` makes a new one; import a backup first if there is one',
};

function renderPlan({ streamWorkflow, registration, shards }: RepairPlan, what: string): string {
  const isRunning = streamWorkflow === 'RUNNING';
  return [
    `${what}:`,
    `  registration ${REGISTRATION_TEXTS[registration]}`,
    `  stream workflow ${isRunning ? 'runs' : `is ${streamWorkflow}: \`start\` starts it, and it starts the shards'`}`,
    ...shards.map((shard) => `  ${shard.shardId.padEnd(20)}  ${describeShard(shard)}`),
  ].join('\n');
}

function describeShard(shard: RepairShard): string {
  const unknown = shard.isKnown ? '' : '; recorded as known again';
  return `${describeRow(shard)}${unknown}${describeWorkflow(shard)}`;
}

function describeRow(shard: RepairShard): string {
  const { row, rebuilt, workflow, start } = shard;
  if (row) return `row at ${describePosition(row)}`;
  if (rebuilt) return `row is MISSING: written again at ${describePosition(rebuilt.position)}`;
  if (isLost(shard)) {
    const hope =
      workflow === 'RUNNING'
        ? 'start a worker, and its workflow writes the row again'
        : `it would begin at ${describePosition(start)}: start a worker and repair again, or import a backup first`;
    return `row is LOST, and no worker tells what workflow ${workflow} knows: ${hope}`;
  }
  return `no row yet; begins at ${describePosition(start)}`;
}

function describeWorkflow({ row, rebuilt, workflow, start }: RepairShard): string {
  const position = row ?? rebuilt?.position ?? start;
  if (workflow === 'RUNNING' || position.at === 'SHARD_END') return '';
  return `; workflow ${workflow}: \`start\` starts it from there, after its parents`;
}

function renderResult({ rows, foundRows, knownShards, registration }: RepairResult): string {
  const meanwhile = foundRows > 0 ? ` ${foundRows} rows came back by themselves meanwhile.` : '';
  return `Written: ${rows} rows, ${knownShards} known shards, ${registration ? '1 registration' : 'no registration'}.${meanwhile}`;
}

function jsonOf({ stream, streamWorkflow, registration, shards }: RepairPlan, result?: RepairResult): object {
  return {
    consumer: stream.consumer,
    stream: stream.streamName,
    streamWorkflow,
    registration,
    shards: shards.map((shard) => ({
      shardId: shard.shardId,
      workflow: shard.workflow,
      isKnown: shard.isKnown,
      row: shard.row && describePosition(shard.row),
      rebuilt: shard.rebuilt && describePosition(shard.rebuilt.position),
      isLost: isLost(shard),
    })),
    result,
  };
}
