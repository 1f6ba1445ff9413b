import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TidemarkError } from '../core/errors';
import { formatHostPort, parseHostPort } from './host-port';

export interface Listening {
  /** With the port that it got. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** Lets a server listen on `host:port`, without keeping the process alive. @throws `INVALID_OPTION` for an address that cannot be listened on */
export async function listenOn(server: Server, address: string, option: string): Promise<Listening> {
  const { host, port } = parseHostPort(address, option);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host.replace(/^\[|\]$/g, ''), resolve);
  }).catch((cause: unknown) => {
    const { code = 'error' } = cause as NodeJS.ErrnoException;
    throw new TidemarkError('INVALID_OPTION', `Cannot listen on \`${option}\` address ${address} (${code})`, { cause });
  });
  // Who asks must not keep a process alive that has nothing else to do.
  server.unref();
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${formatHostPort({ host, port: bound })}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
