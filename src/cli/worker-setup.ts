import { Option, type Command } from 'commander';
import type { Logger } from '@temporalio/worker';
import { version } from '../../package.json';
import type { ConsumerDefinition } from '../handler/define-consumer';
import { resolveTemporal } from '../temporal/connect';
import { createWorker, type TidemarkWorker } from '../worker/create-worker';
import { describeConsumer } from './consumer-picture';
import { installRuntime, LOG_LEVELS, type LogLevelName } from './log';
import { addDebugOption } from './debug-option';
import { wholeNumber } from './option-values';
import { say } from './output';
import { addTemporalOptions, temporalOf, type TemporalFlags } from './temporal-options';

/** Options of the commands that work. */
export interface WorkerFlags extends TemporalFlags {
  readonly maxShards?: number;
  readonly logLevel: LogLevelName;
}

export function addWorkerOptions(command: Command): Command {
  command
    .option(
      '--max-shards <number>',
      'most shards of one consumer that this process reads at the same time',
      wholeNumber,
    )
    .addOption(new Option('--log-level <level>', 'least severe messages to show').choices(LOG_LEVELS).default('info'));
  return addTemporalOptions(addDebugOption(command));
}

/** A worker that is connected and does not work yet. Says what it will do. */
export async function prepareWorker(
  consumers: readonly ConsumerDefinition[],
  flags: WorkerFlags,
): Promise<{ worker: TidemarkWorker; logger: Logger }> {
  const logger = installRuntime(flags.logLevel);
  const temporal = temporalOf(flags);
  const worker = await createWorker(consumers, { temporal, maxShards: flags.maxShards });
  const resolved = resolveTemporal(temporal);
  say(`tidemark ${version}\n`);
  for (const { options } of consumers) say(`${describeConsumer(options, resolved)}\n`);
  return { worker, logger };
}
