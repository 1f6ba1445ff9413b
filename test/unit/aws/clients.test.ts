import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { GetItemCommand, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { ListStreamsCommand } from '@aws-sdk/client-kinesis';

import { createDynamodbClient, createKinesisClient } from '../../../src/aws/clients';
import { translateAwsError } from '../../../src/aws/translate-error';
import { startJsonServer, type FaultyServer } from '../../support/scripted-kinesis/json-server';
import { jsonReply } from '../../support/scripted-kinesis/json-request';

const CREDENTIALS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };
const NO_CONFIGURATION = {
  AWS_ACCESS_KEY_ID: undefined,
  AWS_SECRET_ACCESS_KEY: undefined,
  AWS_SESSION_TOKEN: undefined,
  AWS_REGION: undefined,
  AWS_DEFAULT_REGION: undefined,
  AWS_PROFILE: undefined,
  AWS_ENDPOINT_URL: undefined,
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: '/nonexistent/config',
  AWS_SHARED_CREDENTIALS_FILE: '/nonexistent/credentials',
};

const originalEnvironment = { ...process.env };
let server: FaultyServer;

function setEnvironment(variables: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(variables)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}

beforeAll(async () => {
  const execute = (): ReturnType<typeof jsonReply> =>
    jsonReply(200, { StreamNames: [], TableNames: [], HasMoreStreams: false });
  server = await startJsonServer({ execute, nowMs: Date.now });
});

beforeEach(() => {
  setEnvironment(NO_CONFIGURATION);
  server.faults.clear();
  server.requests.clear();
});

afterAll(async () => {
  process.env = originalEnvironment;
  await server.close();
});

describe('createKinesisClient', () => {
  it('takes the region option, else the region of the ARN, else what the SDK finds', async () => {
    setEnvironment({ AWS_REGION: 'eu-north-1' });
    expect(await createKinesisClient({ region: 'eu-west-1' }, 'us-west-2').config.region()).toBe('eu-west-1');
    expect(await createKinesisClient({}, 'us-west-2').config.region()).toBe('us-west-2');
    expect(await createKinesisClient({}).config.region()).toBe('eu-north-1');
  });

  it('goes where AWS_ENDPOINT_URL_KINESIS points, unless an option says otherwise', async () => {
    setEnvironment({ AWS_ENDPOINT_URL_KINESIS: server.endpoint });
    const client = createKinesisClient({ region: 'us-east-1', credentials: CREDENTIALS });
    await client.send(new ListStreamsCommand({}));
    expect(server.requests.count('ListStreams')).toBe(1);

    setEnvironment({ AWS_ENDPOINT_URL_KINESIS: 'http://127.0.0.1:9' });
    const kinesisEndpoint = server.endpoint;
    await createKinesisClient({ region: 'us-east-1', credentials: CREDENTIALS, kinesisEndpoint }).send(
      new ListStreamsCommand({}),
    );
    expect(server.requests.count('ListStreams')).toBe(2);
  });

  it('takes credentials from the environment, or from a function', async () => {
    setEnvironment({ AWS_ACCESS_KEY_ID: 'AKIDENVIRONMENT', AWS_SECRET_ACCESS_KEY: 'secret' });
    expect(await createKinesisClient({ region: 'us-east-1' }).config.credentials()).toMatchObject({
      accessKeyId: 'AKIDENVIRONMENT',
    });
    const credentials = async (): Promise<typeof CREDENTIALS> => CREDENTIALS;
    expect(await createKinesisClient({ region: 'us-east-1', credentials }).config.credentials()).toMatchObject(
      CREDENTIALS,
    );
  });

  it('speaks HTTP/1.1 over connections of its own', async () => {
    const client = createKinesisClient({
      region: 'us-east-1',
      credentials: CREDENTIALS,
      kinesisEndpoint: server.endpoint,
    });
    await client.send(new ListStreamsCommand({}));
    const handler = client.config.requestHandler;
    expect(handler.metadata).toEqual({ handlerProtocol: 'http/1.1' });
    expect(await client.config.maxAttempts()).toBe(3);
  });

  it('retries what broke on the way', async () => {
    const client = createKinesisClient({
      region: 'us-east-1',
      credentials: CREDENTIALS,
      kinesisEndpoint: server.endpoint,
    });
    const broken = server.faults.add({ times: 2, action: { dropReply: true } });
    await client.send(new ListStreamsCommand({}));
    expect(broken.hits).toBe(2);
  });

  it('says that credentials or the region are missing', async () => {
    const noCredentials = createKinesisClient({ region: 'us-east-1', kinesisEndpoint: server.endpoint });
    const noRegion = createKinesisClient({ credentials: CREDENTIALS, kinesisEndpoint: server.endpoint });
    const call = { service: 'Kinesis', operation: 'ListStreams' } as const;
    for (const client of [noCredentials, noRegion]) {
      const error: unknown = await client.send(new ListStreamsCommand({})).catch((thrown: unknown) => thrown);
      expect(translateAwsError(error, call)).toMatchObject({ code: 'CREDENTIALS_MISSING' });
    }
  });

  it('lets an outage name the address', async () => {
    const closed = await startJsonServer({ execute: () => jsonReply(200, {}), nowMs: Date.now });
    const kinesisEndpoint = closed.endpoint;
    await closed.close();
    const client = createKinesisClient({ region: 'us-east-1', credentials: CREDENTIALS, kinesisEndpoint });
    const { hostname, port } = new URL(kinesisEndpoint);
    // Not through the whole client: jest's errors are of another realm, which the SDK's retries wrap.
    const request = { protocol: 'http:', method: 'POST', path: '/', headers: {}, hostname, port: Number(port) };
    const error: unknown = await client.config.requestHandler.handle(request).catch((thrown: unknown) => thrown);
    const { message, code } = translateAwsError(error, { service: 'Kinesis', operation: 'ListStreams' });
    expect(code).toBe('KINESIS_UNAVAILABLE');
    expect(message).toContain(`endpoint=${hostname}:${port}`);
    expect(message).toContain('ECONNREFUSED');
  });
});

describe('createDynamodbClient', () => {
  const read = new GetItemCommand({ TableName: 'checkpoints', Key: { pk: { S: 'a' }, sk: { S: 'b' } } });

  it('goes where AWS_ENDPOINT_URL_DYNAMODB points', async () => {
    setEnvironment({ AWS_ENDPOINT_URL_DYNAMODB: server.endpoint });
    await createDynamodbClient({ region: 'us-east-1', credentials: CREDENTIALS }).send(new ListTablesCommand({}));
    expect(server.requests.count('ListTables')).toBe(1);
  });

  it('sends once: the committer repeats its writes itself', async () => {
    const client = createDynamodbClient({
      region: 'us-east-1',
      credentials: CREDENTIALS,
      dynamodbEndpoint: server.endpoint,
    });
    server.faults.add({ action: { error: 'InternalServerError' } });
    await expect(client.send(read)).rejects.toThrow();
    expect(server.requests.total).toBe(1);
  });

  it('gives up on an endpoint that never answers, and on one that stalls in its answer', async () => {
    const stalling = await startStalling();
    const silent = server.faults.add({ action: { hang: true } });
    const endpoints = [server.endpoint, `http://127.0.0.1:${(stalling.address() as AddressInfo).port}`];
    const started = performance.now();
    const errors = await Promise.all(
      endpoints.map((dynamodbEndpoint) =>
        createDynamodbClient({ region: 'us-east-1', credentials: CREDENTIALS, dynamodbEndpoint })
          .send(read)
          .catch((thrown: unknown) => thrown),
      ),
    );
    const call = { service: 'DynamoDB', operation: 'GetItem' } as const;
    for (const error of errors) expect(translateAwsError(error, call)).toMatchObject({ code: 'DYNAMODB_UNAVAILABLE' });
    expect(silent.hits).toBe(1);
    expect(performance.now() - started).toBeLessThan(10_000);
    stalling.closeAllConnections();
    await new Promise((resolve) => stalling.close(resolve));
  }, 20_000);
});

/** Answers with headers and half a body, and then nothing. */
async function startStalling(): Promise<Server> {
  const stalling = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0', 'content-length': 100 });
    response.write('{"Item":');
  });
  await new Promise<void>((resolve) => stalling.listen(0, '127.0.0.1', resolve));
  return stalling;
}
