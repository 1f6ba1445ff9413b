import { TidemarkError } from '../core/errors';

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** An address to listen on: `host:port`, `[::1]:port`, or a port of 127.0.0.1. @throws `INVALID_OPTION` */
export function parseHostPort(text: string, option: string): HostPort {
  const [, host = '127.0.0.1', digits = ''] = /^(?:(\[[\da-fA-F:]+\]|[^\s:[\]]+):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits !== '' && port <= 65_535) return { host, port };
  throw new TidemarkError('INVALID_OPTION', `Expected \`${option}\` to be host:port, got \`${text}\``);
}

export function formatHostPort({ host, port }: HostPort): string {
  return `${host}:${port}`;
}
