import type { Command } from 'commander';
import type { Position } from '../../core/positions';
import { addControlOptions } from '../control-options';
import { moveByDialogue, type MoveFlags } from '../move-dialogue';
import { positionFrom } from '../time-values';

interface RewindFlags extends MoveFlags {
  readonly to: Position;
  readonly reason: string;
}

export function addMoveOptions(command: Command): Command {
  return addControlOptions(command)
    .option('--yes', 'do not ask')
    .option('--dry-run', 'only show what would be done')
    .option('--partial', 'move the shards that can be moved, where some cannot');
}

export function addRewindCommand(program: Command): void {
  addMoveOptions(program.command('rewind').description('move checkpoints back: records are handled again'))
    .requiredOption(
      '--to <place>',
      'the first record to handle again: by time (ISO 8601, or 2h, 7d ago), sequence number, or TRIM_HORIZON',
      positionFrom,
    )
    .requiredOption('--reason <text>', "why, for Temporal's history and the history of the checkpoint")
    .addHelpText('after', EXAMPLES)
    .action((file: string, flags: RewindFlags, command: Command) => rewind(file, flags, command));
}

export function addUndoCommand(program: Command): void {
  addMoveOptions(program.command('undo').description('take the last rewind or skip of checkpoints back'))
    .option('--reason <text>', 'why', 'undo')
    .addHelpText('after', UNDO_EXAMPLES)
    .action((file: string, flags: MoveFlags) => undo(file, flags));
}

const EXAMPLES = `
Shows for each shard from where to where, and asks. The running batch is committed first; a paused shard stays paused.
\`npx tidemark undo\` takes it back as long as the shard has not come back to where it was.

Examples:
  $ npx tidemark rewind consumer.ts --to 2h --reason 'bug in 1.4' --dry-run
  $ npx tidemark rewind consumer.ts --shard shardId-000000000003 --to 49657018370131542786789017 --reason 'bad rate'`;

const UNDO_EXAMPLES = `
Examples:
  $ npx tidemark undo consumer.ts --shard shardId-000000000003`;

async function rewind(file: string, flags: RewindFlags, command: Command): Promise<void> {
  const { to, reason, shard: shardId } = flags;
  if (to.at === 'FROM' && shardId === undefined)
    command.error('error: a sequence number is of one shard: name it with --shard');
  await moveByDialogue(file, flags, { question: 'Rewind', reason, query: { kind: 'rewind', to, shardId } });
}

async function undo(file: string, flags: MoveFlags): Promise<void> {
  const query = { kind: 'undo', shardId: flags.shard } as const;
  await moveByDialogue(file, flags, { question: 'Undo the last move of', reason: flags.reason ?? 'undo', query });
}
