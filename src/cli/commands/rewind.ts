import type { Command } from 'commander';
import type { TidemarkClient } from '../../client/tidemark-client';
import { TidemarkError } from '../../core/errors';
import type { Position } from '../../core/positions';
import type { ConsumerDefinition } from '../../handler/define-consumer';
import { addControlOptions, timeoutMsOf } from '../control-options';
import { moveByDialogue, type MoveFlags, type Moving } from '../move-dialogue';
import { positionFrom } from '../time-values';

interface RewindFlags extends MoveFlags {
  readonly to?: Position;
  readonly toEntry?: string;
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
    .option(
      '--to <place>',
      'the first record to handle again: by time (ISO 8601, or 2h, 7d ago), sequence number, or TRIM_HORIZON',
      positionFrom,
    )
    .option('--to-entry <id>', 'where an entry of `history` ended')
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
  const { to, toEntry, reason, shard: shardId } = flags;
  if ((to === undefined) === (toEntry === undefined)) command.error('error: say where to with --to or with --to-entry');
  if ((to?.at === 'FROM' || toEntry !== undefined) && shardId === undefined)
    command.error('error: a sequence number or an entry is of one shard: name it with --shard');
  const preview: Moving['preview'] = async (client, consumer) => {
    const place = to ?? (await placeOfEntry(client, consumer, { shardId, id: toEntry }));
    return client.previewMove(consumer, { kind: 'rewind', to: place, shardId, timeoutMs: timeoutMsOf(flags) });
  };
  await moveByDialogue(file, flags, { question: 'Rewind', reason, preview });
}

async function placeOfEntry(
  client: TidemarkClient,
  consumer: ConsumerDefinition,
  { shardId = '', id }: { readonly shardId?: string; readonly id?: string },
): Promise<Position> {
  const entry = (await client.history(consumer, { shardId })).find((candidate) => candidate.id === id);
  if (entry) return entry.to;
  throw new TidemarkError('INVALID_OPTION', `The history of ${shardId} has no entry ${id}`, {
    hint: 'See `npx tidemark history`.',
  });
}

async function undo(file: string, flags: MoveFlags): Promise<void> {
  const preview: Moving['preview'] = (client, consumer) =>
    client.previewMove(consumer, { kind: 'undo', shardId: flags.shard, timeoutMs: timeoutMsOf(flags) });
  await moveByDialogue(file, flags, { question: 'Undo the last move of', reason: flags.reason ?? 'undo', preview });
}
