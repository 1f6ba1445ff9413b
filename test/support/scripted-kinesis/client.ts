import { KinesisClient, type KinesisClientConfig } from '@aws-sdk/client-kinesis';
import { WholeBodyHandler } from '../../../src/aws/http-handler';

/** A real SDK client for a local endpoint, over HTTP/1.1 as Tidemark's own; `maxAttempts` defaults to 1 so that faults show. */
export function localKinesisClient(endpoint: string, config: KinesisClientConfig = {}): KinesisClient {
  return new KinesisClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
    requestHandler: new WholeBodyHandler(60_000),
    ...config,
  });
}
