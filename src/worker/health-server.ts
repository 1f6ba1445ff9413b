import { createServer, type ServerResponse } from 'node:http';
import type { HealthReport } from './health-report';
import { listenOn } from './listen';

export interface HealthProbes {
  readonly livez: () => HealthReport | Promise<HealthReport>;
  readonly readyz: () => Promise<HealthReport>;
}

export interface HealthServer {
  /** What answers from now on; until then the process is alive and not ready. */
  use(probes: HealthProbes): void;
  /** Where it listens, with the port that it got. */
  readonly url: string;
  close(): Promise<void>;
}

const STARTING: HealthProbes = {
  livez: () => ({ isOk: true, body: { status: 'ok', reasons: [] } }),
  readyz: async () => ({ isOk: false, body: { status: 'unready', reasons: ['the worker starts'] } }),
};

/**
 * Answers `GET /livez` and `GET /readyz` with 200 or 503, and JSON that says why. It shares the event loop with the handlers: while that is
 * blocked there is no answer, which a probe takes for a failure.
 * @throws `INVALID_OPTION` for an address that cannot be listened on
 */
export async function startHealthServer(address: string): Promise<HealthServer> {
  let probes = STARTING;
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    if (path === '/livez') void answer(response, probes.livez());
    else if (path === '/readyz') void answer(response, probes.readyz());
    else send(response, 404, { status: 'not found', paths: ['/livez', '/readyz'] });
  });
  const { url, close } = await listenOn(server, address, 'health');
  return { use: (next) => void (probes = next), url, close };
}

async function answer(response: ServerResponse, report: HealthReport | Promise<HealthReport>): Promise<void> {
  const { isOk, body } = await report;
  send(response, isOk ? 200 : 503, body);
}

function send(response: ServerResponse, status: number, body: Readonly<Record<string, unknown>>): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}
