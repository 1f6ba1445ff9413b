import type { Command } from 'commander';
import type { Position } from '../../core/positions';
import { timeoutMsOf } from '../control-options';
import { moveByDialogue, type MoveFlags, type Moving } from '../move-dialogue';
import { positionThrough } from '../time-values';
import { addMoveOptions } from './rewind';

interface SkipAheadFlags extends MoveFlags {
  readonly through: Position;
  readonly reason: string;
}

export function addSkipAheadCommand(program: Command): void {
  addMoveOptions(program.command('skip-ahead').description('move checkpoints forward: records are never handled'))
    .requiredOption(
      '--through <place>',
      'the last record to leave out: by time (ISO 8601, or 2h, 7d ago: those before it) or sequence number',
      positionThrough,
    )
    .requiredOption('--reason <text>', "why, for Temporal's history and the history of the checkpoint")
    .addHelpText('after', EXAMPLES)
    .action((file: string, flags: SkipAheadFlags, command: Command) => skipAhead(file, flags, command));
}

const EXAMPLES = `
For one record that cannot be handled there is \`npx tidemark skip\`, which keeps it as a dead letter. What is skipped ahead over
is kept nowhere but in the stream. \`npx tidemark undo\` takes it back.

Examples:
  $ npx tidemark skip-ahead consumer.ts --through 10m --reason 'only fresh prices matter'`;

async function skipAhead(file: string, flags: SkipAheadFlags, command: Command): Promise<void> {
  const { through: to, reason, shard: shardId } = flags;
  if (to.at === 'AFTER' && shardId === undefined)
    command.error('error: a sequence number is of one shard: name it with --shard');
  const query = { kind: 'skip', to, shardId, timeoutMs: timeoutMsOf(flags) } as const;
  const preview: Moving['preview'] = (client, consumer) => client.previewMove(consumer, query);
  await moveByDialogue(file, flags, { question: 'Skip ahead in', reason, preview });
}
