import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';

import { startStack } from '../../../dev/stack';
import { freePorts } from '../../../dev/stack/ports';

describe('servers whose address the environment gives', () => {
  const asked: unknown[] = [];
  const server = createServer((request, response) => {
    asked.push(request.headers['x-amz-target']);
    response.writeHead(403).end('{"__type":"UnrecognizedClientException"}');
  });
  let url = '';

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('are asked once, used as they are, and not stopped', async () => {
    const env = { AWS_ENDPOINT_URL_KINESIS: url, AWS_ENDPOINT_URL_DYNAMODB: url };
    const stack = await startStack({ servers: ['kinesis', 'dynamodb'], env });
    expect(asked.sort()).toEqual(['DynamoDB_20120810.ListTables', 'Kinesis_20131202.ListStreams']);
    expect(stack.processes).toEqual({});
    expect(stack.env).toEqual({ ...env, AWS_REGION: 'us-east-1' });
    await stack.stop();
    expect((await fetch(url, { method: 'POST' })).status).toBe(403);
    expect(() => stack.temporalAddress).toThrow('started without temporal');
  });

  it('are named with what to do when they do not answer', async () => {
    const [port] = await freePorts(1);
    const env = { TEMPORAL_ADDRESS: `127.0.0.1:${port}` };
    await expect(startStack({ servers: ['temporal'], env })).rejects.toThrow(
      /TEMPORAL_ADDRESS=127\.0\.0\.1:\d+ does not answer: .* Start that server or unset TEMPORAL_ADDRESS/,
    );
  });
});
