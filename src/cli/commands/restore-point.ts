import Table from 'cli-table3';
import { InvalidArgumentError, type Command } from 'commander';
import type { IncompletePoint } from '../../checkpoints/restore-point-items';
import type { RestorePoint } from '../../checkpoints/restore-points';
import { addControlOptions, timeoutMsOf, type ControlFlags } from '../control-options';
import { confirm } from '../confirm';
import { chosenConsumers, describeConsumerOf } from '../letter-decision';
import { moveByDialogue, type MoveFlags } from '../move-dialogue';
import { print } from '../output';
import { printable } from '../printable';
import { withClient } from '../temporal-options';
import { spanMs } from '../time-values';
import { whoAmI } from '../who-am-i';
import { addMoveOptions } from './rewind';

interface CreateFlags extends ControlFlags {
  readonly keep?: number | 'forever';
}

type DeleteFlags = ControlFlags & { readonly yes?: boolean };

export function addRestorePointCommand(program: Command): void {
  const group = program.command('restore-point').description('names for where all shards of a consumer stand');
  addControlOptions(group.command('create').description('remember where every shard stands'))
    .argument('<name>', 'name of the restore point')
    .option('--reason <text>', 'why')
    .option('--keep <time>', 'how long: 7d, 12h, or forever (default: 30d)', keep)
    .addHelpText('after', EXAMPLES)
    .action((file: string, name: string, flags: CreateFlags) => create(file, name, flags));
  addControlOptions(group.command('list').description('restore points of a consumer'))
    .addHelpText('after', EXAMPLES)
    .action((file: string, flags: ControlFlags) => list(file, flags));
  addControlOptions(group.command('delete').description('forget a restore point'))
    .argument('<name>', 'name of the restore point')
    .option('--yes', 'do not ask')
    .addHelpText('after', EXAMPLES)
    .action((file: string, name: string, flags: DeleteFlags) => remove(file, name, flags));
}

export function addRestoreCommand(program: Command): void {
  addMoveOptions(program.command('restore').description('rewind all shards together to a restore point'))
    .argument('<name>', 'name of the restore point')
    .option('--reason <text>', "why, for Temporal's history and the history of the checkpoint")
    .addHelpText('after', RESTORE_EXAMPLES)
    .action((file: string, name: string, flags: MoveFlags) =>
      moveByDialogue(file, flags, {
        question: `Restore ${name}: rewind`,
        reason: flags.reason ?? `restore point ${name}`,
        preview: (client, consumer) => client.restorePoints.preview(consumer, name, { timeoutMs: timeoutMsOf(flags) }),
      }),
    );
}

const EXAMPLES = `
Examples:
  $ npx tidemark restore-point create consumer.ts before-1.5 --reason 'new rates' --keep 7d
  $ npx tidemark restore-point list consumer.ts
  $ npx tidemark restore-point delete consumer.ts before-1.5`;

const RESTORE_EXAMPLES = `
Shards that were split or merged since cannot go back; \`--partial\` moves the others.

Examples:
  $ npx tidemark restore consumer.ts before-1.5 --dry-run`;

function keep(text: string): number | 'forever' {
  const span = text === 'forever' ? text : spanMs(text);
  if (span !== undefined) return span;
  throw new InvalidArgumentError('Expected 12h, 7d …, or forever.');
}

async function create(file: string, name: string, flags: CreateFlags): Promise<void> {
  const { reason, by = whoAmI(), keep: keepMs, json } = flags;
  const consumers = await chosenConsumers(file, flags);
  await withClient(flags, async (client) => {
    for (const consumer of consumers) {
      const point = await client.restorePoints.create(consumer, name, { by, reason, keepMs });
      if (json) print(JSON.stringify(jsonOf(point)));
      else print(`Restore point ${name} of ${describeConsumerOf(consumer)}: ${point.positions.size} shards`);
    }
  });
}

async function list(file: string, flags: ControlFlags): Promise<void> {
  const consumers = await chosenConsumers(file, flags);
  await withClient(flags, async (client) => {
    for (const consumer of consumers) {
      const points = await client.restorePoints.list(consumer);
      const incomplete = await client.restorePoints.listIncomplete(consumer);
      const left = incomplete.map((point) => ({ ...point, incomplete: true }));
      if (flags.json) print(JSON.stringify([...points.map(jsonOf), ...left], undefined, 2));
      else print([renderPoints(points), ...incomplete.map(renderIncomplete)].join('\n'));
    }
  });
}

async function remove(file: string, name: string, flags: DeleteFlags): Promise<void> {
  const consumers = await chosenConsumers(file, flags);
  await withClient(flags, async (client) => {
    for (const consumer of consumers) {
      if (!(await confirm(`Delete restore point ${name} of ${describeConsumerOf(consumer)}?`, flags))) continue;
      await client.restorePoints.delete(consumer, name);
      print(`Deleted restore point ${name} of ${describeConsumerOf(consumer)}`);
    }
  });
}

function jsonOf({ positions, ...point }: RestorePoint): object {
  return { ...point, positions: Object.fromEntries(positions) };
}

function renderIncomplete({ name, atMs, by }: IncompletePoint): string {
  const made = `${new Date(atMs).toISOString()} by ${printable(by)}`;
  return `${name}: incomplete, begun ${made}. \`restore-point delete\` clears it away.`;
}

function renderPoints(points: readonly RestorePoint[]): string {
  if (points.length === 0) return 'No restore points.';
  const table = new Table({
    head: ['Name', 'Made', 'By', 'Shards', 'Kept until', 'Why'],
    style: { head: [], border: [] },
  });
  for (const { name, atMs, by, positions, expiresAtMs, reason } of points) {
    const until = expiresAtMs === undefined ? 'for ever' : new Date(expiresAtMs).toISOString();
    table.push([name, new Date(atMs).toISOString(), printable(by), positions.size, until, printable(reason ?? '')]);
  }
  return table.toString();
}
