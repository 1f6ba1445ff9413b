import type { Command } from 'commander';
import type { ConsumerName, StoppedConsumer, StopOptions } from '../../client/stop-consumer';
import { loadConsumers } from '../../worker/load-consumer';
import { addDebugOption } from '../debug-option';
import { wholeNumber } from '../option-values';
import { print } from '../output';
import { addTemporalOptions, withClient, type TemporalFlags } from '../temporal-options';
import { whoAmI } from '../who-am-i';

interface StopFlags extends TemporalFlags {
  readonly consumer?: string;
  readonly stream?: string;
  readonly reason?: string;
  readonly by?: string;
  readonly force?: boolean;
  /** Seconds. */
  readonly timeout?: number;
}

export function addStopCommand(program: Command): void {
  const command = program
    .command('stop')
    .description('stop a consumer at its next commits; checkpoints stay')
    .argument('[file]', 'consumer file; or name --consumer and --stream')
    .option('--consumer <name>', 'name of the consumer, where its file is not at hand')
    .option('--stream <name>', 'name of its stream')
    .option('--reason <text>', "why, for Temporal's history")
    .option('--by <name>', "who, for Temporal's history (default: user@host)")
    .option(
      '--force',
      'terminate the workflows without a worker; batches in flight are handled again after the next start',
    )
    .option('--timeout <seconds>', 'how long to wait for the commits', wholeNumber);
  addTemporalOptions(addDebugOption(command))
    .addHelpText('after', EXAMPLES)
    .action((file: string | undefined, flags: StopFlags) => stop(file, flags, command));
}

const EXAMPLES = `
Examples:
  $ npx tidemark stop consumer.ts --reason 'schema migration'
  $ npx tidemark stop --consumer flight-delays --stream flights --force`;

async function stop(file: string | undefined, flags: StopFlags, command: Command): Promise<void> {
  const named = nameOf(flags);
  if (file === undefined && !named) command.error('error: name a consumer file, or both --consumer and --stream');
  if (file !== undefined && (flags.consumer !== undefined || flags.stream !== undefined)) {
    command.error('error: name either a consumer file, or --consumer and --stream, not both');
  }
  const names = named ? [named] : file === undefined ? [] : await namesIn(file);
  await withClient(flags, async (client) => {
    for (const name of names) print(describeStopped(name, await client.stop(name, stopOptions(flags))));
  });
}

function nameOf({ consumer, stream }: StopFlags): ConsumerName | undefined {
  return consumer && stream ? { consumer, streamName: stream } : undefined;
}

async function namesIn(file: string): Promise<ConsumerName[]> {
  const consumers = await loadConsumers(file);
  return consumers.map(({ options }) => ({ consumer: options.name, streamName: options.streamName }));
}

function stopOptions({ by = whoAmI(), reason, timeout, force }: StopFlags): StopOptions {
  return { by, reason, force, timeoutMs: timeout === undefined ? undefined : timeout * 1_000 };
}

function describeStopped({ consumer, streamName }: ConsumerName, { shards, forced }: StoppedConsumer): string {
  const what = `${consumer} on stream ${streamName}: ${shards} ${shards === 1 ? 'shard' : 'shards'}`;
  return forced
    ? `Terminated ${what}. Batches in flight are handled again after the next start.`
    : `Stopped ${what}, each at its last commit. \`tidemark start\` goes on from there.`;
}
