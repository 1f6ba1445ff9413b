import { createServer, type AddressInfo, type Server } from 'node:net';
import { connectTemporal } from '../../../src/temporal/connect';
import { isListening, placeOf } from '../../../src/temporal/reach';

let server: Server;

const portOf = (): number => (server.address() as AddressInfo).port;
const listen = (port = 0): Promise<void> => new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
const close = (): Promise<unknown> => new Promise((resolve) => server.close(resolve));

beforeEach(() => {
  server = createServer((socket) => socket.destroy());
});
afterEach(() => close());

it.each([
  ['host', { host: 'host', port: 7233 }],
  ['host.example:80', { host: 'host.example', port: 80 }],
  ['[::1]:7233', { host: '::1', port: 7233 }],
  ['dns:///host', undefined],
])('the place of %s', (address, place) => expect(placeOf(address)).toEqual(place));

it('where something listens is told at once, and what begins to listen is waited for', async () => {
  await listen();
  const port = portOf();
  expect(await isListening(`127.0.0.1:${port}`)).toBe(true);
  await close();
  server = createServer((socket) => socket.destroy());
  const waiting = isListening(`127.0.0.1:${port}`, 60_000);
  await listen(port);
  expect(await waiting).toBe(true);
});

it('where nothing listens, a client says so within 5 seconds', async () => {
  await listen();
  const address = `127.0.0.1:${portOf()}`;
  await close();
  const startedAtMs = performance.now();
  await expect(connectTemporal({ address })).rejects.toMatchObject({
    code: 'TEMPORAL_UNAVAILABLE',
    message: expect.stringContaining(address) as string,
  });
  expect(performance.now() - startedAtMs).toBeLessThan(5_000);
});
