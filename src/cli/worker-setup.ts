import { Option, type Command } from 'commander';
import type { Logger } from '@temporalio/worker';
import { version } from '../../package.json';
import type { ConsumerDefinition } from '../handler/define-consumer';
import { resolveTemporal } from '../temporal/connect';
import { createWorker, type TidemarkWorker } from '../worker/create-worker';
import { metricsExporter, type MetricsOptions } from '../worker/telemetry';
import { describeConsumer } from './consumer-picture';
import { installRuntime, LOG_LEVELS, type LogLevelName } from './log';
import { addDebugOption } from './debug-option';
import { httpUrl, wholeNumber } from './option-values';
import { say } from './output';
import { addTemporalOptions, codedTemporalOf, temporalOf, type TemporalFlags } from './temporal-options';
import { processCount } from './supervisor/processes-option';

/** Options of the commands that work. */
export interface WorkerFlags extends TemporalFlags {
  readonly processes?: number;
  readonly maxShards?: number;
  readonly logLevel: LogLevelName;
  /** True without an address. */
  readonly metrics?: string | true;
  readonly metricsOtlp?: string;
  readonly metricsByShard: boolean;
  readonly health?: string | true;
  readonly debug?: boolean;
}

export interface PreparedWorker {
  readonly worker: TidemarkWorker;
  readonly logger: Logger;
}

/** Makes a worker that is connected and does not work yet. */
export type PrepareWorker<T = PreparedWorker> = (
  consumers: readonly ConsumerDefinition[],
  flags: WorkerFlags,
) => Promise<T>;

const DEFAULT_METRICS_ADDRESS = '127.0.0.1:9464';
const DEFAULT_HEALTH_ADDRESS = '127.0.0.1:9465';

export function addWorkerOptions(command: Command): Command {
  command
    .option('--processes <n|auto>', 'worker processes, restarted if they end (auto: one for each core)', processCount)
    .option('--max-shards <number>', 'most shards of one consumer that a process reads at the same time', wholeNumber)
    .addOption(new Option('--log-level <level>', 'least severe messages to show').choices(LOG_LEVELS).default('info'))
    .option('--metrics [host:port]', `serve metrics to Prometheus (default ${DEFAULT_METRICS_ADDRESS})`)
    .addOption(
      new Option('--metrics-otlp <url>', 'send metrics to an OpenTelemetry collector')
        .argParser(httpUrl)
        .conflicts('metrics'),
    )
    .option('--no-metrics-by-shard', 'metrics without the label shard, for streams of very many shards')
    .option('--health [host:port]', `answer /livez and /readyz (default ${DEFAULT_HEALTH_ADDRESS})`);
  return addTemporalOptions(addDebugOption(command));
}

/** A worker that is connected and does not work yet. Says what it will do. */
export async function prepareWorker(
  consumers: readonly ConsumerDefinition[],
  flags: WorkerFlags,
): Promise<PreparedWorker> {
  const metrics = metricsOf(flags);
  const logger = installRuntime(flags.logLevel, metrics && metricsExporter(metrics));
  const temporal = await codedTemporalOf(flags);
  const worker = await createWorker(consumers, {
    temporal,
    maxShards: flags.maxShards,
    // The runtime is installed: only the recording is left.
    metrics: metrics && { shardLabel: metrics.shardLabel },
    health: healthAddressOf(flags),
  });
  sayWork(consumers, flags);
  if (metrics?.prometheus) say(`Metrics at http://${metrics.prometheus}/metrics`);
  if (worker.healthUrl) say(`Health at ${worker.healthUrl}/livez and /readyz`);
  return { worker, logger };
}

/** Says what will be done. */
export function sayWork(consumers: readonly ConsumerDefinition[], flags: WorkerFlags): void {
  const resolved = resolveTemporal(temporalOf(flags));
  say(`tidemark ${version}\n`);
  for (const { options } of consumers) say(`${describeConsumer(options, resolved)}\n`);
}

/** Says what nobody does yet: a worker does not start its consumers. */
export function sayWaiting(files: readonly string[]): void {
  say(`Waiting for shards. \`npx tidemark start ${files.join(' ')}\` starts what does not run yet.`);
}

export function healthAddressOf({ health }: WorkerFlags): string | undefined {
  return health === true ? DEFAULT_HEALTH_ADDRESS : health;
}

export function metricsOf({
  metrics,
  metricsOtlp: otlp,
  metricsByShard: shardLabel,
}: WorkerFlags): MetricsOptions | undefined {
  const prometheus = metrics === true ? DEFAULT_METRICS_ADDRESS : metrics;
  if (prometheus === undefined && otlp === undefined) return undefined;
  return { shardLabel, ...(prometheus === undefined ? {} : { prometheus }), ...(otlp === undefined ? {} : { otlp }) };
}
