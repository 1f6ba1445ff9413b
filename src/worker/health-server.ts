import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TidemarkError } from '../core/errors';
import type { HealthReport } from './health-report';
import { formatHostPort, parseHostPort } from './host-port';

export interface HealthProbes {
  readonly livez: () => HealthReport;
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
  const { host, port } = parseHostPort(address, 'health');
  let probes = STARTING;
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    if (path === '/livez') answer(response, probes.livez());
    else if (path === '/readyz') void probes.readyz().then((report) => answer(response, report));
    else send(response, 404, { status: 'not found', paths: ['/livez', '/readyz'] });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host.replace(/^\[|\]$/g, ''), resolve);
  }).catch((cause: unknown) => {
    const { code = 'error' } = cause as NodeJS.ErrnoException;
    throw new TidemarkError('INVALID_OPTION', `Cannot listen on \`health\` address ${address} (${code})`, { cause });
  });
  // Probes must not keep a process alive that has nothing else to do.
  server.unref();
  const { port: bound } = server.address() as AddressInfo;
  return {
    use: (next) => void (probes = next),
    url: `http://${formatHostPort({ host, port: bound })}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(response: ServerResponse, { isOk, body }: HealthReport): void {
  send(response, isOk ? 200 : 503, body);
}

function send(response: ServerResponse, status: number, body: Readonly<Record<string, unknown>>): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}
