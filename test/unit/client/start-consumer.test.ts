import { ResourceNotFoundException } from '@aws-sdk/client-dynamodb';

import { MemoryCheckpointStore } from '../../../src/checkpoints/memory-store';
import type { ConsumerServices } from '../../../src/aws/consumer-services';
import { registerConsumer, startConsumer } from '../../../src/client/start-consumer';
import type { StartFrom } from '../../../src/core/options';
import { resolveOptions, type ResolvedOptions } from '../../../src/core/resolve-options';
import { AwsKinesis } from '../../../src/kinesis/aws-kinesis';
import { startScriptedKinesis, type ScriptedKinesis } from '../../support/scripted-kinesis';
import { localKinesisClient } from '../../support/scripted-kinesis/client';
import { StubClient } from './stub-client';

const NOW_MS = 1_767_225_600_000;
const STREAM_WORKFLOW = 'tidemark/delays/flights';

let server: ScriptedKinesis;
let services: ConsumerServices;
let createdAtMs: number;

beforeEach(async () => {
  server = await startScriptedKinesis({ now: () => NOW_MS });
  ({ createdAtMs } = server.createStream('flights', 2));
  services = servicesOver({ Table: { TableStatus: 'ACTIVE', KeySchema: KEYS, AttributeDefinitions: ATTRIBUTES } });
});

afterEach(() => server.close());

const KEYS = [
  { AttributeName: 'pk', KeyType: 'HASH' },
  { AttributeName: 'sk', KeyType: 'RANGE' },
];
const ATTRIBUTES = ['pk', 'sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' }));

/** The scripted Kinesis, checkpoints in memory, and a DynamoDB that only describes its table. */
function servicesOver(table: object | Error): ConsumerServices {
  const send = (): Promise<object> => (table instanceof Error ? Promise.reject(table) : Promise.resolve(table));
  return {
    kinesis: new AwsKinesis(localKinesisClient(server.endpoint)),
    store: new MemoryCheckpointStore(),
    dynamodb: { send },
    close: () => undefined,
  } as unknown as ConsumerServices;
}

function optionsOf(startFrom: StartFrom, name = 'delays'): ResolvedOptions {
  return resolveOptions({ name, stream: 'flights', startFrom });
}

describe('registering', () => {
  it('turns LATEST into a time of the service, before anything is read, and keeps it', async () => {
    const first = await registerConsumer(services, optionsOf('LATEST'));
    expect(first.registration).toMatchObject({
      start: { at: 'AT_TIMESTAMP' },
      requestedStart: 'LATEST',
      registeredAtMs: NOW_MS,
    });
    server.setClock(NOW_MS + 3_600_000);
    const again = await registerConsumer(services, optionsOf('LATEST'));
    expect(again.registration).toEqual(first.registration);
    expect(await services.store.findRegistration(first.stream)).toMatchObject({ start: first.registration.start });
    expect(server.requests.count('GetRecords') + server.requests.count('GetShardIterator')).toBe(0);
  });

  it('knows the stream by what Kinesis says', async () => {
    const { stream } = await registerConsumer(services, optionsOf('TRIM_HORIZON'));
    expect(stream).toEqual({
      consumer: 'delays',
      streamName: 'flights',
      streamArn: expect.stringContaining('flights'),
      createdAtMs,
    });
  });

  const earlier = { timestamp: NOW_MS - 5_000 };
  it.each([
    ['TRIM_HORIZON', 'LATEST'],
    ['LATEST', 'TRIM_HORIZON'],
    ['LATEST', earlier],
    [earlier, { timestamp: NOW_MS - 4_000 }],
  ] as [StartFrom, StartFrom][])('refuses to go from %j to %j, and names both', async (before, now) => {
    await registerConsumer(services, optionsOf(before));
    const conflict = registerConsumer(services, optionsOf(now));
    await expect(conflict).rejects.toMatchObject({
      code: 'CONSUMER_CONFLICT',
      message: expect.stringContaining('startFrom'),
    });
  });

  it.each(['TRIM_HORIZON', 'LATEST', earlier] as StartFrom[])('accepts %j again', async (startFrom) => {
    await registerConsumer(services, optionsOf(startFrom));
    await registerConsumer(services, optionsOf(startFrom));
  });

  it('keeps consumers apart', async () => {
    await registerConsumer(services, optionsOf('TRIM_HORIZON'));
    const other = await registerConsumer(services, optionsOf('LATEST', 'other'));
    expect(other.registration.requestedStart).toBe('LATEST');
  });

  it('keeps a stream apart from one of the same name before it', async () => {
    await registerConsumer(services, optionsOf('TRIM_HORIZON'));
    server.deleteStream('flights');
    server.createStream('flights', 1);
    const { registration, stream } = await registerConsumer(services, optionsOf('LATEST'));
    expect(registration.requestedStart).toBe('LATEST');
    expect(stream.createdAtMs).not.toBe(createdAtMs);
  });

  it('refuses a start in the future', async () => {
    const early = registerConsumer(services, optionsOf({ timestamp: NOW_MS + 1_000 }));
    await expect(early).rejects.toMatchObject({ code: 'INVALID_OPTION', message: expect.stringContaining('future') });
  });

  it('refuses a stream that is not there, or on its way out', async () => {
    server.setStreamStatus('flights', 'DELETING');
    await expect(registerConsumer(services, optionsOf('LATEST'))).rejects.toMatchObject({ code: 'STREAM_DELETED' });
    server.deleteStream('flights');
    await expect(registerConsumer(services, optionsOf('LATEST'))).rejects.toMatchObject({ code: 'STREAM_NOT_FOUND' });
  });

  it('looks at the table first', async () => {
    const missing = new ResourceNotFoundException({ message: 'none', $metadata: { httpStatusCode: 400 } });
    services = servicesOver(missing);
    await expect(registerConsumer(services, optionsOf('LATEST'))).rejects.toMatchObject({ code: 'TABLE_NOT_FOUND' });
  });
});

describe('starting', () => {
  it('starts the stream workflow with what was registered', async () => {
    const stub = new StubClient();
    const started = await startConsumer(stub.client, services, optionsOf('LATEST'));
    expect(started).toMatchObject({ workflowId: STREAM_WORKFLOW, taskQueue: STREAM_WORKFLOW, isNew: true });
    expect(stub.calls.at(-1)).toMatchObject({
      operation: 'start',
      args: {
        type: 'tidemarkStream',
        taskQueue: STREAM_WORKFLOW,
        memo: { createdAtMs },
        workflowIdConflictPolicy: 'USE_EXISTING',
        args: [{ stream: started.stream, registration: started.registration, searchAttributes: false }],
      },
    });
  });

  it('of what runs already is no second start', async () => {
    const stub = new StubClient({ [STREAM_WORKFLOW]: { memo: { createdAtMs } } });
    expect(await startConsumer(stub.client, services, optionsOf('LATEST'))).toMatchObject({ isNew: false });
    expect(stub.calls.some(({ operation }) => operation === 'terminate')).toBe(false);
  });

  it('of what has ended is a new start', async () => {
    const stub = new StubClient({ [STREAM_WORKFLOW]: { status: 'COMPLETED', memo: { createdAtMs } } });
    expect(await startConsumer(stub.client, services, optionsOf('LATEST'))).toMatchObject({ isNew: true });
  });

  it('ends a workflow that still follows an earlier stream of this name', async () => {
    const stub = new StubClient({ [STREAM_WORKFLOW]: { memo: { createdAtMs: createdAtMs - 1 } } });
    expect(await startConsumer(stub.client, services, optionsOf('LATEST'))).toMatchObject({ isNew: true });
    const terminated = stub.calls.find(({ operation }) => operation === 'terminate');
    expect(terminated).toMatchObject({
      workflowId: STREAM_WORKFLOW,
      args: expect.stringContaining('STREAM_RECREATED'),
    });
  });

  it('writes nothing to Temporal when the registration is refused', async () => {
    await registerConsumer(services, optionsOf('TRIM_HORIZON'));
    const stub = new StubClient();
    await expect(startConsumer(stub.client, services, optionsOf('LATEST'))).rejects.toThrow();
    expect(stub.calls).toEqual([]);
  });

  it('takes the task queue of a worker of one’s own', async () => {
    const stub = new StubClient();
    const started = await startConsumer(stub.client, services, optionsOf('LATEST'), { taskQueue: 'mine' });
    expect(started.taskQueue).toBe('mine');
  });
});
