import { createServer } from 'node:net';

/** Ports of 127.0.0.1 that were free a moment ago. Another process may take one before it is used: callers retry. */
export async function freePorts(count: number): Promise<number[]> {
  const holders = await Promise.all(Array.from({ length: count }, holdPort));
  await Promise.all(holders.map((holder) => holder.release()));
  return holders.map((holder) => holder.port);
}

interface HeldPort {
  readonly port: number;
  release(): Promise<void>;
}

/** Held until all are chosen, so that the system does not give the same one twice. */
function holdPort(): Promise<HeldPort> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') return reject(new Error('no port'));
      const release = () => new Promise<void>((done) => server.close(() => done()));
      resolve({ port: address.port, release });
    });
  });
}
