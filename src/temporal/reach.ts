import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const REACH_LIMIT_MS = 3_000;
const RETRY_MS = 200;
const DEFAULT_PORT = 7233;
/** With one of these gRPC takes another way than straight to the address. */
const PROXY_VARIABLES = ['grpc_proxy', 'https_proxy', 'http_proxy'];

export interface Place {
  readonly host: string;
  readonly port: number;
}

/** `host`, `host:port`, `[IPv6]:port`; undefined for what gRPC may know and this does not. */
export function placeOf(address: string): Place | undefined {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:/]+))(?::(\d+))?$/.exec(address) ?? [];
  const host = bracketed ?? plain;
  return host === undefined ? undefined : { host, port: port === undefined ? DEFAULT_PORT : Number(port) };
}

/**
 * Whether something listens at the address: gRPC itself tries a refused connection again and again, and does not tell. A server that is just
 * starting is waited for; how slow it is once it has accepted is not judged here.
 */
export async function isListening(address: string, limitMs = REACH_LIMIT_MS): Promise<boolean> {
  const place = placeOf(address);
  if (place === undefined || PROXY_VARIABLES.some((name) => process.env[name])) return true;
  const deadline = performance.now() + limitMs;
  for (;;) {
    const leftMs = deadline - performance.now();
    if (leftMs <= 0) return false;
    if (await accepts(place, leftMs)) return true;
    await sleep(RETRY_MS);
  }
}

function accepts({ host, port }: Place, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port });
    const timer = setTimeout(() => settle(false), timeoutMs);
    const settle = (isAccepted: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(isAccepted);
    };
    socket.once('connect', () => settle(true));
    socket.on('error', () => settle(false));
  });
}
