import type { Command } from 'commander';
import { TidemarkClient } from '../client/tidemark-client';
import type { TemporalOptions } from '../temporal/connect';

/** Options of every command that talks to Temporal. Without them the standard configuration counts. */
export interface TemporalFlags {
  readonly address?: string;
  readonly namespace?: string;
  readonly profile?: string;
  readonly apiKey?: string;
  readonly tls?: boolean;
  readonly allowPlaintext?: boolean;
}

export function addTemporalOptions(command: Command): Command {
  return command
    .optionsGroup('Where Temporal is (else TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE …, temporal.toml, 127.0.0.1:7233):')
    .option('--address <host:port>', 'frontend of the Temporal server')
    .option('--namespace <name>', 'namespace')
    .option('--profile <name>', 'profile of the Temporal configuration file')
    .option('--api-key <key>', 'API key; other users see it in the process list, so prefer TEMPORAL_API_KEY')
    .option('--tls', 'connect with TLS and the certificates of the system')
    .option('--allow-plaintext', 'speak to another machine without TLS: everybody on the way can read along')
    .optionsGroup('Options:');
}

export function temporalOf({
  address,
  namespace,
  profile,
  apiKey,
  tls,
  allowPlaintext,
}: TemporalFlags): TemporalOptions {
  return { address, namespace, profile, apiKey, tls, allowPlaintext };
}

export async function withClient<T>(flags: TemporalFlags, action: (client: TidemarkClient) => Promise<T>): Promise<T> {
  const client = await TidemarkClient.connect(temporalOf(flags));
  try {
    return await action(client);
  } finally {
    await client.close();
  }
}
