import type { Command } from 'commander';
import { TidemarkClient } from '../client/tidemark-client';
import { TidemarkError } from '../core/errors';
import type { TemporalOptions } from '../temporal/connect';
import { loadCodecs } from '../worker/load-codecs';

/** Options of every command that talks to Temporal. Without them the standard configuration counts. */
export interface TemporalFlags {
  readonly address?: string;
  readonly namespace?: string;
  readonly profile?: string;
  readonly apiKey?: string;
  readonly tls?: boolean;
  readonly allowPlaintext?: boolean;
  readonly codec?: string;
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
    .option(
      '--codec <module>',
      'file or package with `payloadCodecs` for what Temporal stores (else TIDEMARK_PAYLOAD_CODEC)',
    )
    .optionsGroup('Options:');
}

/** Where it is, without the codecs. */
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

/** As `temporalOf`, with the codecs: for whoever reads or writes what Temporal stores. @throws `INVALID_OPTION` */
export async function codedTemporalOf(flags: TemporalFlags): Promise<TemporalOptions> {
  const { codec = process.env.TIDEMARK_PAYLOAD_CODEC } = flags;
  return { ...temporalOf(flags), ...(codec ? { payloadCodecs: await loadCodecs(codec) } : {}) };
}

export async function withClient<T>(flags: TemporalFlags, action: (client: TidemarkClient) => Promise<T>): Promise<T> {
  const client = await TidemarkClient.connect(await codedTemporalOf(flags));
  try {
    return await action(client);
  } catch (error) {
    throw isUndecoded(error) ? codecMissing(error) : error;
  } finally {
    await client.close();
  }
}

/** Temporal's SDK has met a payload that its converters do not know. */
function isUndecoded(error: unknown): boolean {
  return error instanceof Error && error.name === 'ValueError' && error.message.startsWith('Unknown encoding');
}

function codecMissing(cause: unknown): TidemarkError {
  return new TidemarkError('INVALID_OPTION', 'What Temporal stores was encoded by payload codecs that are not given', {
    hint: 'Name the module of the workers with --codec, or TIDEMARK_PAYLOAD_CODEC.',
    cause,
  });
}
