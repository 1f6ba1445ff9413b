import { defineConsumer } from '../../../src';
import { describeConsumer } from '../../../src/cli/consumer-picture';
import { resolveTemporal } from '../../../src/temporal/connect';

const { options } = defineConsumer({
  name: 'c',
  stream: 'flights',
  startFrom: 'LATEST',
  maxBatchRecords: 7,
  handler: () => undefined,
  aws: {
    kinesisEndpoint: 'http://someone:canary-password@127.0.0.1:4567',
    credentials: { accessKeyId: 'canary-id', secretAccessKey: 'canary-secret', sessionToken: 'canary-token' },
  },
});
const temporal = resolveTemporal({ address: '127.0.0.1:7233', namespace: 'default', apiKey: 'canary-key' });

describe('what a worker says of itself when it begins', () => {
  it('names consumer, stream, servers, workflow and every option, those that were set marked', () => {
    const text = describeConsumer(options, temporal, {
      AWS_REGION: 'eu-west-1',
      AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
    });
    expect(text.split('\n').map((line) => line.trim())).toEqual([
      'Consumer  c',
      'Stream    flights, from LATEST where it has no checkpoint',
      'Table     tidemark-checkpoints',
      'AWS       region eu-west-1, Kinesis at http://127.0.0.1:4567, DynamoDB at http://127.0.0.1:9, credentials from the consumer file',
      'Temporal  127.0.0.1:7233, namespace default',
      'Workflow  tidemark/c/flights',
      'Web UI    http://localhost:8233/namespaces/default/workflows/tidemark%2Fc%2Fflights',
      expect.stringMatching(
        /^Options {3}maxBatchRecords 7 \(set\), maxBatchBytes 5242880, .*errorDetail code, isolation inline$/,
      ),
      expect.stringMatching(/^Failures {2}maxAttempts 5, .*then deadLetter, parkBy shard/),
    ]);
  });

  it('shows no credential', () => {
    expect(describeConsumer(options, temporal, { AWS_SECRET_ACCESS_KEY: 'canary-env' })).not.toContain('canary');
  });

  it.each([
    ['prod.a1b2c.tmprl.cloud:7233', 'https://cloud.temporal.io/namespaces/n/workflows/tidemark%2Fc%2Fflights'],
    ['temporal.internal:7233', 'look for the workflow tidemark/c/flights'],
  ])('knows where the Web UI of %s is, or how to find the workflow', (address, expected) => {
    const text = describeConsumer(options, resolveTemporal({ address, namespace: 'n' }), {});
    expect(text).toContain(`Web UI    ${expected}`);
  });
});
