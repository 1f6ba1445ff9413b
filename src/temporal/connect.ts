import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import type { PayloadCodec } from '@temporalio/common';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { TidemarkError } from '../core/errors';
import { assertEncrypted } from './plaintext';
import { isListening } from './reach';

/** Where Temporal is, where the standard configuration (`TEMPORAL_ADDRESS`, `TEMPORAL_PROFILE`, temporal.toml …) does not say it. */
export interface TemporalOptions {
  /** `host:port` of the frontend. */
  readonly address?: string;
  /** Namespace of the consumer's workflows. */
  readonly namespace?: string;
  /** API key of Temporal Cloud, or of a server that asks for one. */
  readonly apiKey?: string;
  /** True for TLS with the system's certificates. */
  readonly tls?: boolean;
  /** Profile of the Temporal configuration file. */
  readonly profile?: string;
  /**
   * Whether Temporal may be spoken to without TLS at an address that is not this machine's own. Everybody on the way can read and change
   * what is said then.
   *
   * @default false
   */
  readonly allowPlaintext?: boolean;
  /**
   * Codecs that encrypt or compress what Temporal stores. Give the same ones to every worker and client; `docs/security.md` says what they
   * cover.
   */
  readonly payloadCodecs?: readonly PayloadCodec[];
}

export interface ResolvedTemporal {
  readonly connectionOptions: ConnectionOptions & { address: string };
  readonly namespace: string;
}

/** Temporal's standard configuration with the given overrides. @throws `INVALID_OPTION` for a configuration that cannot be read */
export function resolveTemporal({ address, namespace, apiKey, tls, profile }: TemporalOptions = {}): ResolvedTemporal {
  const configured = loadConfiguration(profile);
  return {
    connectionOptions: {
      ...configured.connectionOptions,
      address: address ?? configured.connectionOptions.address ?? '127.0.0.1:7233',
      ...(apiKey === undefined ? {} : { apiKey }),
      ...(tls === undefined ? {} : { tls }),
    },
    namespace: namespace ?? configured.namespace ?? 'default',
  };
}

function loadConfiguration(profile: string | undefined): ReturnType<typeof loadClientConnectConfig> {
  try {
    return loadClientConnectConfig({ profile });
  } catch (error) {
    throw new TidemarkError('INVALID_OPTION', `Temporal's configuration cannot be read: ${(error as Error).message}`, {
      hint: 'Correct TEMPORAL_PROFILE, TEMPORAL_CONFIG_FILE or the file.',
    });
  }
}

/** A connected client that has seen its namespace. @throws `TEMPORAL_UNAVAILABLE`, `TEMPORAL_NAMESPACE_NOT_FOUND`, `ACCESS_DENIED` */
export async function connectTemporal(options: TemporalOptions = {}): Promise<Client> {
  const { connectionOptions, namespace } = resolveTemporal(options);
  const { address } = connectionOptions;
  assertEncrypted(connectionOptions, options.allowPlaintext);
  if (!(await isListening(address))) throw unreachable(address, new Error('nothing accepts connections there'));
  const connection = await Connection.connect({ connectTimeout: '10 seconds', ...connectionOptions }).catch(
    (error: unknown) => {
      throw unreachable(address, error);
    },
  );
  try {
    await connection.workflowService.describeNamespace({ namespace });
  } catch (error) {
    await connection.close();
    throw translateTemporalError(error, { address, namespace });
  }
  return new Client({ connection, namespace, dataConverter: dataConverterOf(options) });
}

/** What a worker and a client need of `TemporalOptions` beside the connection. */
export function dataConverterOf({ payloadCodecs = [] }: TemporalOptions): { payloadCodecs: PayloadCodec[] } {
  return { payloadCodecs: [...payloadCodecs] };
}

const GRPC_NOT_FOUND = 5;
const GRPC_PERMISSION_DENIED = 7;
const GRPC_UNAUTHENTICATED = 16;

/** A failed call to Temporal as a Tidemark error. */
export function translateTemporalError(
  error: unknown,
  { address, namespace }: { address: string; namespace: string },
): TidemarkError {
  const code = grpcCodeOf(error);
  if (code === GRPC_NOT_FOUND) {
    return new TidemarkError('TEMPORAL_NAMESPACE_NOT_FOUND', `Temporal has no namespace ${namespace}`, {
      context: { address },
    });
  }
  if (code === GRPC_PERMISSION_DENIED || code === GRPC_UNAUTHENTICATED) {
    return new TidemarkError('ACCESS_DENIED', `Temporal refuses access to namespace ${namespace}`, {
      context: { address },
      hint: 'Check the API key or the client certificate.',
    });
  }
  return unreachable(address, error);
}

function grpcCodeOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  return typeof code === 'number' ? code : grpcCodeOf(cause);
}

function unreachable(address: string, error: unknown): TidemarkError {
  return new TidemarkError('TEMPORAL_UNAVAILABLE', `Temporal does not answer at ${address}`, { cause: error });
}
