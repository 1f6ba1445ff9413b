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
import { addTemporalOptions, codedTemporalOf, type TemporalFlags } from './temporal-options';

/** Options of the commands that work. */
export interface WorkerFlags extends TemporalFlags {
  readonly maxShards?: number;
  readonly logLevel: LogLevelName;
  /** True without an address. */
  readonly metrics?: string | true;
  readonly metricsOtlp?: string;
  readonly metricsByShard: boolean;
  readonly health?: string | true;
}

const DEFAULT_METRICS_ADDRESS = '127.0.0.1:9464';
const DEFAULT_HEALTH_ADDRESS = '127.0.0.1:9465';

export function addWorkerOptions(command: Command): Command {
  command
    .option(
      '--max-shards <number>',
      'most shards of one consumer that this process reads at the same time',
      wholeNumber,
    )
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
): Promise<{ worker: TidemarkWorker; logger: Logger }> {
  const metrics = metricsOf(flags);
  const logger = installRuntime(flags.logLevel, metrics && metricsExporter(metrics));
  const temporal = await codedTemporalOf(flags);
  const worker = await createWorker(consumers, {
    temporal,
    maxShards: flags.maxShards,
    // The runtime is installed: only the recording is left.
    metrics: metrics && { shardLabel: metrics.shardLabel },
    health: flags.health === true ? DEFAULT_HEALTH_ADDRESS : flags.health,
  });
  const resolved = resolveTemporal(temporal);
  say(`tidemark ${version}\n`);
  for (const { options } of consumers) say(`${describeConsumer(options, resolved)}\n`);
  if (metrics?.prometheus) say(`Metrics at http://${metrics.prometheus}/metrics`);
  if (worker.healthUrl) say(`Health at ${worker.healthUrl}/livez and /readyz`);
  return { worker, logger };
}

function metricsOf({
  metrics,
  metricsOtlp: otlp,
  metricsByShard: shardLabel,
}: WorkerFlags): MetricsOptions | undefined {
  const prometheus = metrics === true ? DEFAULT_METRICS_ADDRESS : metrics;
  if (prometheus === undefined && otlp === undefined) return undefined;
  return { shardLabel, ...(prometheus === undefined ? {} : { prometheus }), ...(otlp === undefined ? {} : { otlp }) };
}
