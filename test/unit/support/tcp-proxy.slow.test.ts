import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

import { eventually } from '../../support/eventually';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy';

describe('the TCP proxy', () => {
  let echo: Server;
  let proxy: TcpProxy;
  const clients: Socket[] = [];

  beforeEach(async () => {
    echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket)).listen(0, '127.0.0.1');
    await once(echo, 'listening');
    proxy = await startTcpProxy('127.0.0.1', (echo.address() as AddressInfo).port);
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await proxy.close();
    echo.close();
  });

  interface Peer {
    socket: Socket;
    received: () => string;
  }

  async function open(): Promise<Peer> {
    const [host, port] = proxy.address.split(':');
    const socket = connect(Number(port), host);
    clients.push(socket);
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return { socket, received: () => text };
  }

  it('forwards both ways, with half-closed connections', async () => {
    const peer = await open();
    peer.socket.end('hello');
    await once(peer.socket, 'close');
    expect(peer.received()).toBe('hello');
  });

  it('forwards more than its buffers hold', async () => {
    const peer = await open();
    peer.socket.end('x'.repeat(5_000_000));
    await once(peer.socket, 'close');
    expect(peer.received()).toHaveLength(5_000_000);
  });

  it('cuts connections, refuses new ones, and comes back on the same address', async () => {
    const { address } = proxy;
    const peer = await open();
    const closed = once(peer.socket, 'close');
    await proxy.cut();
    await closed;
    await expect(open()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await proxy.restore();
    expect(proxy.address).toBe(address);
    const again = await open();
    again.socket.write('back');
    await eventually(() => again.received() === 'back');
  });

  it('freezes old and new connections without closing them, and delivers when thawed', async () => {
    const old = await open();
    old.socket.write('a');
    await eventually(() => old.received() === 'a');
    proxy.freeze();
    const fresh = await open();
    old.socket.write('b');
    fresh.socket.write('c');
    const nothingCame = eventually(() => old.received() !== 'a' || fresh.received() !== '', { timeoutMs: 150 });
    await expect(nothingCame).rejects.toThrow('did not come true');
    proxy.thaw();
    await eventually(() => old.received() === 'ab' && fresh.received() === 'c');
  });
});
