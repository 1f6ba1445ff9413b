import { CliScene } from '../support/cli/scene';
import type { CliResult } from '../support/cli/cli-process';

/** Nobody listens there. */
const NOWHERE = '127.0.0.1:1';
const CANARY = 'canary-secret-access-key';

jest.setTimeout(120_000);

let scene: CliScene;
let good: string;

beforeAll(async () => {
  scene = await CliScene.create();
  scene.kinesis.createStream(scene.stream, 1);
  good = scene.consumer('good');
  await scene.run(['table', 'create', '--table', scene.table]);
});
afterAll(() => scene.close());

/** One message with what to do, no stack trace. */
function expectFailure(result: CliResult, code: string, ...texts: readonly string[]): void {
  expect(result.stderr).toContain(`Error ${code}: `);
  for (const text of texts) expect(result.stderr).toContain(text);
  expect(result.stderr.match(/^(Error|Unexpected)/gm)).toHaveLength(1);
  expect(result.stderr).not.toMatch(/^\s+at /m);
  expect(result.stderr).not.toContain(CANARY);
  expect(result).toMatchObject({ code: 1, stdout: '' });
}

describe('a wrong consumer', () => {
  it('has every wrong option named at once, with what was expected and what was given', async () => {
    const file = scene.consumer('wrong', {
      consumer: 'two words',
      more: `pollIntervalMs: 1, maxBatchRecords: '5' as never, colour: 'red',
        aws: { kinesisEndpoint: 'localhost', credentials: { accessKeyId: 1, secretAccessKey: '${CANARY}' } as never },`,
    });
    expectFailure(
      await scene.run(['start', file]),
      'INVALID_OPTION',
      file,
      'Expected `name` to be 1 to 128 letters, digits or _.-, got `two words` (string)',
      'Expected `pollIntervalMs` to be a whole number from 200 to 60000, got `1` (number)',
      'Expected `maxBatchRecords` to be a whole number from 1 to 10000, got `5` (string)',
      'Expected `aws.kinesisEndpoint` to be an http(s) URL, got `localhost` (string)',
      'Expected `aws.credentials` to be',
      'Unknown option `colour`',
      'Correct the named options.',
    );
  });

  it('that is no consumer is told how to become one', async () => {
    const file = scene.file('nothing.ts', 'export const consumer = 1;');
    const [noDefault, missing] = await Promise.all([scene.run(['run', file]), scene.run(['status', `${file}.ts`])]);
    expectFailure(
      noDefault,
      'INVALID_CONSUMER_FILE',
      'no default export',
      file,
      'Export the result of defineConsumer(...)',
    );
    expectFailure(missing, 'INVALID_CONSUMER_FILE', 'There is no such file', `${file}.ts`);
  });

  it('cannot share a worker with another one of its name and stream', async () => {
    const again = scene.consumer('again', { consumer: 'good' });
    expectFailure(
      await scene.run(['worker', good, again]),
      'DUPLICATE_CONSUMER',
      `Two consumers are called good on stream ${scene.stream}`,
      'Give each consumer of a stream its own name.',
    );
  });

  it('cannot begin elsewhere than it was first started', async () => {
    await scene.run(['start', scene.consumer('first')]);
    const latest = scene.file(
      'latest.ts',
      `import { defineConsumer } from 'tidemark';
export default defineConsumer({ name: 'first', stream: '${scene.stream}', tableName: '${scene.table}', startFrom: 'LATEST', handler: () => {} });`,
    );
    expectFailure(
      await scene.run(['start', latest]),
      'CONSUMER_CONFLICT',
      'from TRIM_HORIZON since',
      'now `startFrom` is LATEST',
      'or another consumer name',
    );
    await scene.run(['stop', latest, '--force']);
  });
});

describe('what AWS does not have or does not give', () => {
  it('is named: stream, table', async () => {
    const file = scene.file(
      'elsewhere.ts',
      `import { defineConsumer } from 'tidemark';
export default defineConsumer({ name: 'c', stream: 'no-such-stream', startFrom: 'LATEST', handler: () => {} });`,
    );
    const noTable = scene.consumer('tableless', { more: "tableName: 'no-such-table'," });
    const [stream, table] = await Promise.all([scene.run(['start', file]), scene.run(['start', noTable])]);
    expectFailure(stream, 'STREAM_NOT_FOUND', 'no-such-stream', 'Create the stream, or correct `stream`');
    expectFailure(table, 'TABLE_NOT_FOUND', 'no-such-table', '`npx tidemark table create`');
  });

  it('is named: permission', async () => {
    const fault = scene.kinesis.faults.add({
      operation: 'DescribeStreamSummary',
      action: { error: 'AccessDeniedException', message: 'User arn:aws:iam::1:user/x is not authorized' },
    });
    const result = await scene.run(['start', good]);
    fault.remove();
    expect(fault.hits).toBe(1);
    expectFailure(result, 'ACCESS_DENIED', 'kinesis:DescribeStreamSummary', 'Grant the named action');
  });

  it('is named: credentials, region', async () => {
    const none = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined };
    const [credentials, region] = await Promise.all([
      scene.run(['start', good], none),
      scene.run(['table', 'create', '--table', scene.table], { AWS_REGION: undefined }),
    ]);
    expectFailure(credentials, 'CREDENTIALS_MISSING', 'No AWS credentials for Kinesis', 'the standard way');
    expectFailure(region, 'CREDENTIALS_MISSING', 'No AWS region for DynamoDB', 'the standard way');
  });
});

describe('a server that does not answer', () => {
  it('is named with its address', async () => {
    const [temporal, worker, kinesis, dynamodb] = await Promise.all([
      scene.run(['start', good, '--address', NOWHERE]),
      scene.run(['worker', good], { TEMPORAL_ADDRESS: NOWHERE }),
      scene.run(['start', good], { AWS_ENDPOINT_URL_KINESIS: `http://${NOWHERE}` }),
      scene.run(['table', 'create', '--endpoint', `http://${NOWHERE}`]),
    ]);
    for (const result of [temporal, worker]) {
      expectFailure(result, 'TEMPORAL_UNAVAILABLE', `Temporal does not answer at ${NOWHERE}`, 'Check TEMPORAL_ADDRESS');
    }
    expectFailure(kinesis, 'KINESIS_UNAVAILABLE', NOWHERE, 'Check AWS_ENDPOINT_URL_KINESIS');
    expectFailure(dynamodb, 'DYNAMODB_UNAVAILABLE', NOWHERE, 'Check AWS_ENDPOINT_URL_DYNAMODB');
  });

  it('is told from a namespace that does not exist', async () => {
    const results = await Promise.all([
      scene.run(['start', good, '--namespace', 'nowhere']),
      scene.run(['worker', good, '--namespace', 'nowhere']),
    ]);
    for (const result of results) {
      expectFailure(result, 'TEMPORAL_NAMESPACE_NOT_FOUND', 'no namespace nowhere', 'correct TEMPORAL_NAMESPACE');
    }
  });
});

it('a stack trace is shown with --debug, the cause in the consumer file included', async () => {
  const file = scene.file(
    'throws.ts',
    "const connect = () => { throw new Error('no such database'); };\nexport default connect();",
  );
  const { code, stderr } = await scene.run(['start', file, '--debug']);
  expect(code).toBe(1);
  expect(stderr).toContain('failed while it was loaded: no such database');
  expect(stderr).toMatch(/caused by Error: no such database\n\s+at connect \(.*throws\.ts:1:/);
});
