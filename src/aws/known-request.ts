import { randomUUID } from 'node:crypto';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import type { HttpRequest as WholeRequest } from './http-handler';

type SdkClient = KinesisClient | DynamoDBClient;
type Identity = Awaited<ReturnType<SdkClient['config']['credentials']>>;
type HttpRequest = Omit<WholeRequest, 'clone'>;

/** What the SDK has chosen to sign a call with. */
interface AuthScheme {
  readonly httpAuthOption: { readonly signingProperties?: Readonly<Record<string, unknown>> };
  readonly identity: Identity;
  readonly signer: {
    sign(request: HttpRequest, identity: Identity, properties: Record<string, unknown>): Promise<HttpRequest>;
    /** Learns the clock of the service. */
    successHandler?(response: unknown, properties: Record<string, unknown>): void;
  };
}

export interface SignedRequest {
  readonly request: HttpRequest;
  /** Tells the SDK that the call went well. */
  readonly succeeded: (response: unknown) => void;
}

/** A request that the SDK had built for another call, but for its body and what each attempt has of its own. */
export interface KnownRequest {
  /** Undefined where the credentials are of another account, which may have another address. @throws what credentials throw */
  sign(call: { readonly contentType: string; readonly body: Uint8Array }): Promise<SignedRequest | undefined>;
}

/**
 * Notes a request of the SDK's `build` step. Undefined where it cannot be sent but by the SDK itself: a retry mode that decides when a call may be
 * made, or a signing that is not as it is known here.
 */
export async function noteRequest(
  { config }: SdkClient,
  request: unknown,
  context: object,
): Promise<KnownRequest | undefined> {
  const scheme = authSchemeOf(context);
  const strategy = await config.retryStrategy();
  if (!scheme || !('recordSuccess' in strategy) || !('mode' in strategy) || strategy.mode !== 'standard')
    return undefined;
  const { signer, httpAuthOption, identity: noted } = scheme;
  const { headers, ...rest } = request as HttpRequest;
  const firstAttempt = `attempt=1; max=${await config.maxAttempts()}`;
  // Of no retry, hence of each call alike: with it the SDK counts what went well against what it may retry.
  const token = await strategy.acquireInitialRetryToken('');
  const signingProperties = { ...httpAuthOption.signingProperties, context: withoutSignal(context) };
  return {
    async sign({ contentType, body }) {
      const identity = await config.credentials();
      if (identity.accountId !== noted.accountId) return undefined;
      // The signer keeps in them when a call left, and with which clock.
      const properties = { ...signingProperties };
      const own = {
        'content-type': contentType,
        'content-length': String(body.byteLength),
        'amz-sdk-invocation-id': randomUUID(),
        'amz-sdk-request': firstAttempt,
      };
      const unsigned = { ...rest, headers: { ...headers, ...own }, body };
      return {
        request: await signer.sign(unsigned, identity, properties),
        succeeded: (response) => {
          signer.successHandler?.(response, properties);
          strategy.recordSuccess(token);
        },
      };
    },
  };
}

interface Context {
  readonly __smithy_context?: { readonly selectedHttpAuthScheme?: Partial<AuthScheme> };
}

function authSchemeOf(context: Context): AuthScheme | undefined {
  const { httpAuthOption, identity, signer } = context.__smithy_context?.selectedHttpAuthScheme ?? {};
  return httpAuthOption && identity && signer ? { httpAuthOption, identity, signer } : undefined;
}

/** It lives as long as the client, and that signal is one call's. */
function withoutSignal(context: Context): object {
  return { ...context, __smithy_context: { ...context.__smithy_context, abortSignal: undefined } };
}
