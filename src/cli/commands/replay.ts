import type { Command } from 'commander';
import { TidemarkError } from '../../core/errors';
import { followReplay, type FollowFlags } from '../follow-replay';
import { describeConsumerOf } from '../letter-decision';
import { print, say } from '../output';
import { addReplayOptions, theConsumer } from '../replay-options';
import { renderList, renderStatus } from '../replay-text';
import { withClient } from '../temporal-options';
import { addReplayStartCommand } from './replay-start';

interface ReplayFlags extends FollowFlags {
  readonly consumer?: string;
}

export function addReplayCommand(program: Command): void {
  const replay = program.command('replay').description('handle a range again, beside the live consumer');
  addReplayStartCommand(replay);
  addReplayOptions(replay.command('follow').description('show the progress of a replay until it has ended'))
    .argument('<id>', 'id of the replay')
    .option('--work', 'do the work in this process, of a replay that was started so')
    .addHelpText('after', FOLLOW_EXAMPLES)
    .action(follow);
  addReplayOptions(replay.command('status').description('how far a replay is'))
    .argument('<id>', 'id of the replay')
    .addHelpText('after', exampleOf('status consumer.ts 1f0c2a9b --json'))
    .action(status);
  addReplayOptions(replay.command('list').description('replays that Temporal remembers'))
    .addHelpText('after', exampleOf('list consumer.ts'))
    .action(list);
  addReplayOptions(replay.command('cancel').description('end a replay after the batches in flight'))
    .argument('<id>', 'id of the replay')
    .addHelpText('after', exampleOf('cancel consumer.ts 1f0c2a9b'))
    .action(cancel);
}

const FOLLOW_EXAMPLES = `
Ctrl-C ends the showing, not the replay.

Exit code: 1 if a record failed, or not all of the range was replayed.

Examples:
  $ npx tidemark replay follow consumer.ts 1f0c2a9b
  $ npx tidemark replay follow consumer.ts 1f0c2a9b --work`;

function exampleOf(command: string): string {
  return `\nExamples:\n  $ npx tidemark replay ${command}`;
}

async function follow(file: string, id: string, flags: ReplayFlags): Promise<void> {
  const consumer = await theConsumer(file, flags);
  await withClient(flags, async (client) => {
    const handle = client.replays.get(consumer, id);
    return followReplay({ file, consumer, handle }, flags);
  });
}

async function status(file: string, id: string, flags: ReplayFlags): Promise<void> {
  const consumer = await theConsumer(file, flags);
  await withClient(flags, async (client) => {
    const found = await client.replays.get(consumer, id).progress();
    if (found === undefined)
      throw new TidemarkError('NO_WORKER', `No worker tells how far the replay ${id} is`, {
        hint: 'Start one: `npx tidemark worker`, or `npx tidemark replay follow --work` if it was started with --work.',
      });
    print(flags.json ? JSON.stringify(found, undefined, 2) : renderStatus(describeConsumerOf(consumer), found));
  });
}

async function list(file: string, flags: ReplayFlags): Promise<void> {
  const consumer = await theConsumer(file, flags);
  await withClient(flags, async (client) => {
    const replays = await client.replays.list(consumer);
    print(flags.json ? JSON.stringify(replays, undefined, 2) : renderList(replays));
  });
}

async function cancel(file: string, id: string, flags: ReplayFlags): Promise<void> {
  const consumer = await theConsumer(file, flags);
  await withClient(flags, async (client) => {
    await client.replays.get(consumer, id).cancel();
    say(`The replay ${id} ends after the batches in flight.`);
  });
}
