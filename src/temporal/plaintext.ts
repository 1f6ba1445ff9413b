import { isIP } from 'node:net';
import { TidemarkError } from '../core/errors';

/** How a connection is secured, as Temporal's SDK takes it. */
export interface Security {
  readonly address: string;
  readonly tls?: unknown;
  readonly apiKey?: unknown;
}

/** Refuses a connection in plain text to another machine, unless somebody has said that it may be. @throws `INVALID_OPTION` */
export function assertEncrypted(security: Security, allowPlaintext = false): void {
  if (allowPlaintext || isEncrypted(security) || isLoopback(security.address)) return;
  throw new TidemarkError('INVALID_OPTION', `Temporal at ${security.address} would be spoken to in plain text`, {
    hint: 'Use TLS (--tls, `tls`, TEMPORAL_TLS) or an API key, or say --allow-plaintext (`allowPlaintext`) if the network is yours alone.',
  });
}

/** With an API key the SDK uses TLS by itself, unless it is told not to. */
function isEncrypted({ tls, apiKey }: Security): boolean {
  return Boolean(tls) || (Boolean(apiKey) && tls === undefined);
}

/** `host`, `host:port`, `[IPv6]:port`. */
function isLoopback(address: string): boolean {
  const [, bracketed, plain] = /^(?:\[([^\]]+)\]|([^:]+))(?::\d+)?$/.exec(address) ?? [];
  const host = bracketed ?? plain ?? address;
  if (isIP(host) === 4) return host.startsWith('127.');
  return host === 'localhost' || host === '::1';
}
