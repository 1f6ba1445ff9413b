import { KinesisClient, type KinesisClientConfig } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';

/** A real SDK client over HTTP/1.1 for a local endpoint; `maxAttempts` defaults to 1 so that faults show. */
export function localKinesisClient(endpoint: string, config: KinesisClientConfig = {}): KinesisClient {
  return new KinesisClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler({ connectionTimeout: 2_000 }),
    ...config,
  });
}
