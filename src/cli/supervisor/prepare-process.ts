import { createServer } from 'node:http';
import type { Logger } from '@temporalio/worker';
import { createWorker } from '../../worker/create-worker';
import { listenOn } from '../../worker/listen';
import { metricsExporter, type MetricsOptions } from '../../worker/telemetry';
import { installRuntime, type LogLevelName } from '../log';
import { codedTemporalOf } from '../temporal-options';
import { metricsOf, sayWork, type PreparedWorker, type PrepareWorker } from '../worker-setup';
import type { ProcessAddresses, ProcessJob } from './messages';

/** A worker that only its supervisor can ask. */
export interface PreparedProcess extends PreparedWorker {
  readonly addresses: ProcessAddresses;
}

/** As `prepareWorker`, with addresses that the supervisor is to ask. */
export function prepareProcess({ process, isTalkative }: ProcessJob): PrepareWorker<PreparedProcess> {
  return async (consumers, flags) => {
    const metrics = metricsOf(flags);
    const { logger, metricsUrl } = await installProcessRuntime(process, flags.logLevel, metrics);
    const worker = await createWorker(consumers, {
      temporal: await codedTemporalOf(flags),
      maxShards: flags.maxShards,
      metrics: metrics && { shardLabel: metrics.shardLabel },
      health: flags.health === undefined ? undefined : '127.0.0.1:0',
    });
    if (isTalkative) sayWork(consumers, flags);
    return { worker, logger, addresses: { metricsUrl, healthUrl: worker.healthUrl } };
  };
}

interface ProcessRuntime {
  readonly logger: Logger;
  readonly metricsUrl?: string;
}

const PORT_TRIES = 5;

/** The runtime does not tell which port it got, so one is chosen for it; somebody else may be quicker. */
async function installProcessRuntime(
  process: number,
  level: LogLevelName,
  metrics: MetricsOptions | undefined,
): Promise<ProcessRuntime> {
  if (metrics?.prometheus === undefined) {
    const exporter = metrics && metricsExporter(metrics);
    return { logger: installRuntime(level, exporter && { ...exporter, globalTags: { process: String(process) } }) };
  }
  for (let left = PORT_TRIES; ; left -= 1) {
    const address = `127.0.0.1:${await freePort()}`;
    try {
      const logger = installRuntime(level, metricsExporter({ prometheus: address }));
      return { logger, metricsUrl: `http://${address}/metrics` };
    } catch (error) {
      if (left <= 1) throw error;
    }
  }
}

async function freePort(): Promise<string> {
  const { url, close } = await listenOn(createServer(), '127.0.0.1:0', 'metrics');
  await close();
  return new URL(url).port;
}
