import { createServer } from 'node:http';
import { startHealthServer } from '../../worker/health-server';
import { listenOn, type Listening } from '../../worker/listen';
import { collectMetrics, probe } from './ask-processes';
import { reportAllLive, reportAnyReady } from './process-health';
import type { Supervisor } from './supervisor';

/** Addresses to listen on; none: not asked for. */
export interface EndpointAddresses {
  readonly metrics?: string;
  readonly health?: string;
}

export interface Endpoints {
  readonly metricsUrl?: string;
  readonly healthUrl?: string;
  close(): Promise<void>;
}

/** One place to ask for all processes. @throws `INVALID_OPTION` for an address that cannot be listened on */
export async function startEndpoints(
  supervisor: Pick<Supervisor, 'slots' | 'isStopping'>,
  { metrics, health }: EndpointAddresses,
): Promise<Endpoints> {
  const metricsServer = metrics === undefined ? undefined : await serveMetrics(metrics, supervisor);
  try {
    const healthServer = health === undefined ? undefined : await startHealthServer(health);
    healthServer?.use({
      livez: async () => reportAllLive(await probe(supervisor.slots, '/livez')),
      readyz: async () => reportAnyReady(await probe(supervisor.slots, '/readyz'), supervisor.isStopping),
    });
    return {
      ...(metricsServer ? { metricsUrl: `${metricsServer.url}/metrics` } : {}),
      ...(healthServer ? { healthUrl: healthServer.url } : {}),
      close: async () => void (await Promise.all([metricsServer?.close(), healthServer?.close()])),
    };
  } catch (error) {
    await metricsServer?.close();
    throw error;
  }
}

function serveMetrics(address: string, { slots }: Pick<Supervisor, 'slots'>): Promise<Listening> {
  const server = createServer((request, response) => {
    if (request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    void collectMetrics(slots).then((text) => {
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
      response.end(text);
    });
  });
  return listenOn(server, address, 'metrics');
}
