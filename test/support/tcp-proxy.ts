import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A TCP proxy whose connections can be cut or frozen, for protocols we do not parse (Temporal's gRPC). */
export interface TcpProxy {
  /** `127.0.0.1:<port>`; stays the same after cut() and restore(). */
  readonly address: string;
  /** Destroys every connection and refuses new ones. */
  cut(): Promise<void>;
  /** Ends cut(). */
  restore(): Promise<void>;
  /** Accepts connections but forwards nothing, as a network that swallows packets. */
  freeze(): void;
  /** Ends freeze(); what was held back is delivered. */
  thaw(): void;
  close(): Promise<void>;
}

export async function startTcpProxy(host: string, port: number): Promise<TcpProxy> {
  const proxy = new LoopbackProxy(host, port);
  await proxy.restore();
  return proxy;
}

interface Link {
  client: Socket;
  upstream: Socket;
}

class LoopbackProxy implements TcpProxy {
  private readonly links = new Set<Link>();
  private server: Server | undefined;
  private listenPort = 0;
  private isFrozen = false;

  constructor(
    private readonly upstreamHost: string,
    private readonly upstreamPort: number,
  ) {}

  get address(): string {
    return `127.0.0.1:${this.listenPort}`;
  }

  async restore(): Promise<void> {
    if (this.server !== undefined) return;
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.accept(client));
    this.server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.listenPort, '127.0.0.1', resolve);
    });
    this.listenPort = (server.address() as AddressInfo).port;
  }

  async cut(): Promise<void> {
    const server = this.server;
    if (server === undefined) return;
    this.server = undefined;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const link of this.links) destroy(link);
    await closed;
  }

  freeze(): void {
    this.isFrozen = true;
    for (const link of this.links) stopForwarding(link);
  }

  thaw(): void {
    this.isFrozen = false;
    for (const link of this.links) startForwarding(link);
  }

  close(): Promise<void> {
    return this.cut();
  }

  private accept(client: Socket): void {
    // Accepted while cut() was closing the listener.
    if (this.server === undefined) return void client.destroy();
    const upstream = connect({ host: this.upstreamHost, port: this.upstreamPort, allowHalfOpen: true, noDelay: true });
    const link = { client, upstream };
    this.links.add(link);
    for (const socket of [client, upstream]) {
      socket.on('error', () => destroy(link));
      socket.on('close', () => this.forget(link));
    }
    if (!this.isFrozen) startForwarding(link);
  }

  private forget(link: Link): void {
    this.links.delete(link);
    destroy(link);
  }
}

function startForwarding({ client, upstream }: Link): void {
  client.pipe(upstream);
  upstream.pipe(client);
}

function stopForwarding({ client, upstream }: Link): void {
  client.unpipe(upstream);
  upstream.unpipe(client);
}

function destroy({ client, upstream }: Link): void {
  client.destroy();
  upstream.destroy();
}
