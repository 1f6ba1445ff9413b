import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { NodeHttp2Handler } from '@smithy/node-http-handler';

import type { AwsOptions } from '../core/options';
import { noteEndpoint } from './failure';
import { WholeBodyHandler } from './http-handler';

const KINESIS_REQUEST_TIMEOUT_MS = 30_000;
/** Well under the shortest heartbeat timeout's worth of resends, so that a write that hangs is sent again while the shard is held. */
const DYNAMODB_REQUEST_TIMEOUT_MS = 5_000;
/** Longer than the 5 minutes that a subscription lasts. */
const SUBSCRIPTION_TIMEOUT_MS = 600_000;

const KINESIS_ATTEMPTS = 3;
/** A checkpoint write is resent by the committer, visibly; a read by its caller. */
const DYNAMODB_ATTEMPTS = 1;

/**
 * Client for Kinesis. What `aws` leaves open the SDK finds by itself: `AWS_ENDPOINT_URL_KINESIS`, `AWS_REGION`, profile, role.
 * The region of a stream ARN counts where no region option is given. HTTP/1.1: the SDK's own choice for Kinesis is HTTP/2, which is slower with
 * large pages, does not retry a page that breaks off, and fails with several emulators.
 */
export function createKinesisClient(aws: AwsOptions, regionOfArn?: string): KinesisClient {
  const client = new KinesisClient({
    ...given({ region: aws.region ?? regionOfArn, endpoint: aws.kinesisEndpoint, credentials: aws.credentials }),
    requestHandler: new WholeBodyHandler(KINESIS_REQUEST_TIMEOUT_MS),
    maxAttempts: KINESIS_ATTEMPTS,
  });
  keepSigners(client);
  return client;
}

/**
 * Client for SubscribeToShard alone, which AWS offers over HTTP/2 only. The SDK gives each subscription a connection of its own, so that one
 * that is not read from holds up no other. A subscription that has nothing to say, and one that is not answered, are its reader's to end.
 */
export function createSubscriptionClient(aws: AwsOptions, regionOfArn?: string): KinesisClient {
  return new KinesisClient({
    ...given({ region: aws.region ?? regionOfArn, endpoint: aws.kinesisEndpoint, credentials: aws.credentials }),
    requestHandler: new EndpointNotingHttp2Handler({ requestTimeout: 0, sessionTimeout: SUBSCRIPTION_TIMEOUT_MS }),
    maxAttempts: 1,
  });
}

/** Where Kinesis is asked, as far as options and environment say; undefined at AWS's own address. */
export function kinesisEndpointOf({ kinesisEndpoint }: AwsOptions): string | undefined {
  return kinesisEndpoint ?? process.env.AWS_ENDPOINT_URL_KINESIS ?? process.env.AWS_ENDPOINT_URL;
}

/** Client for DynamoDB, as `createKinesisClient`; `AWS_ENDPOINT_URL_DYNAMODB` gives its address. */
export function createDynamodbClient(aws: AwsOptions): DynamoDBClient {
  const client = new DynamoDBClient({
    ...given({ region: aws.region, endpoint: aws.dynamodbEndpoint, credentials: aws.credentials }),
    requestHandler: new WholeBodyHandler(DYNAMODB_REQUEST_TIMEOUT_MS),
    maxAttempts: DYNAMODB_ATTEMPTS,
  });
  keepSigners(client);
  return client;
}

/** The SDK makes a signer for each call, though it depends on no more than this, and asks for credentials by itself whenever it signs. */
function keepSigners({ config }: KinesisClient | DynamoDBClient): void {
  const { signer: create } = config;
  const kept = new Map<string, ReturnType<typeof create>>();
  config.signer = (scheme) => {
    const key = JSON.stringify([scheme?.name, scheme?.signingName, scheme?.signingRegion]);
    const signer = kept.get(key) ?? create(scheme);
    kept.set(key, signer);
    // Without a region, say: the next call tries again.
    signer.catch(() => kept.delete(key));
    return signer;
  };
}

class EndpointNotingHttp2Handler extends NodeHttp2Handler {
  override async handle(
    ...[request, options]: Parameters<NodeHttp2Handler['handle']>
  ): ReturnType<NodeHttp2Handler['handle']> {
    try {
      return await super.handle(request, options);
    } catch (error) {
      noteEndpoint(error, addressOf(request));
      throw error;
    }
  }
}

function addressOf({ hostname, port }: { readonly hostname: string; readonly port?: number }): string {
  return port === undefined ? hostname : `${hostname}:${port}`;
}

/** The entries that have a value: an explicit `undefined` would hide what the SDK finds. */
function given<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}
