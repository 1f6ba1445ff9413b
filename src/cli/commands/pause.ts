import type { Command } from 'commander';
import type { ControlledConsumer } from '../../client/pause-consumer';
import type { TidemarkClient } from '../../client/tidemark-client';
import type { ConsumerDefinition } from '../../handler/define-consumer';
import { addControlOptions, timeoutMsOf, type ControlFlags } from '../control-options';
import { chosenConsumers, describeConsumerOf } from '../letter-decision';
import { print } from '../output';
import { withClient } from '../temporal-options';
import { timeToCome } from '../time-values';
import { whoAmI } from '../who-am-i';

interface PauseFlags extends ControlFlags {
  /** Epoch milliseconds. */
  readonly until?: number;
}

export function addPauseCommand(program: Command): void {
  addControlOptions(program.command('pause').description('stop reading at the next commits, until it is resumed'))
    .option('--reason <text>', "why, for Temporal's history and status")
    .option('--until <time>', 'resume by itself then: ISO 8601, or 30m, 2h, 1d from now', timeToCome)
    .addHelpText('after', PAUSE_EXAMPLES)
    .action((file: string, flags: PauseFlags) => pause(file, flags));
}

export function addResumeCommand(program: Command): void {
  addControlOptions(program.command('resume').description('go on reading after a pause'))
    .option('--reason <text>', "why, for Temporal's history")
    .addHelpText('after', RESUME_EXAMPLES)
    .action((file: string, flags: ControlFlags) => resume(file, flags));
}

const PAUSE_EXAMPLES = `
A pause lasts across deploys and resharding: workers may come and go, and shards that appear meanwhile wait too.

Examples:
  $ npx tidemark pause consumer.ts --reason 'database maintenance' --until 2h
  $ npx tidemark pause consumer.ts --shard shardId-000000000003 --reason 'looking into it'`;

const RESUME_EXAMPLES = `
Examples:
  $ npx tidemark resume consumer.ts
  $ npx tidemark resume consumer.ts --shard shardId-000000000003`;

async function pause(file: string, flags: PauseFlags): Promise<void> {
  await each('Paused', file, flags, (client, consumer) =>
    client.pause(consumer, { ...orderOf(flags), untilMs: flags.until }),
  );
}

async function resume(file: string, flags: ControlFlags): Promise<void> {
  await each('Resumed', file, flags, (client, consumer) => client.resume(consumer, orderOf(flags)));
}

function orderOf(flags: ControlFlags): {
  shardId?: string;
  by: string;
  reason?: string;
  timeoutMs?: number;
} {
  const { shard: shardId, by = whoAmI(), reason } = flags;
  return { shardId, by, reason, timeoutMs: timeoutMsOf(flags) };
}

async function each(
  done: string,
  file: string,
  flags: ControlFlags,
  act: (client: TidemarkClient, consumer: ConsumerDefinition) => Promise<ControlledConsumer>,
): Promise<void> {
  const consumers = await chosenConsumers(file, flags);
  await withClient(flags, async (client) => {
    for (const consumer of consumers) {
      const { shards } = await act(client, consumer);
      const { name, streamName } = consumer.options;
      if (flags.json) print(JSON.stringify({ consumer: name, stream: streamName, shards }));
      else print(`${done} ${describeConsumerOf(consumer)}: ${shards} ${shards === 1 ? 'shard' : 'shards'}`);
    }
  });
}
