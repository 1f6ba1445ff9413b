import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { KinesisClient, ListStreamsCommand } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { Connection } from '@temporalio/client';
import { connect } from 'node:net';

import { type Stack, startDynamodb, startStack } from '../../dev/stack';
import { eventually } from '../support/eventually';
import { isAlive, keepersOf } from '../support/processes';

/** The stack itself is tested here: no server that the environment may give. */
const env = { PATH: process.env['PATH'], HOME: process.env['HOME'] };
const aws = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  requestHandler: new NodeHttpHandler(),
};

function isOpen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

describe('a whole stack', () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack({ env, temporal: { dynamicConfig: { 'limit.historyCount.suggestContinueAsNew': 40 } } });
  }, 60_000);
  afterAll(() => stack.stop());

  it('has a Temporal server with our search attributes and worker commands, at once', async () => {
    const connection = await Connection.connect({ address: stack.temporalAddress });
    try {
      const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: 'default' });
      expect(Object.keys(customAttributes ?? {})).toEqual(
        expect.arrayContaining(['TidemarkConsumer', 'TidemarkStream', 'TidemarkShard', 'TidemarkState']),
      );
      const { namespaceInfo } = await connection.workflowService.describeNamespace({ namespace: 'default' });
      expect(namespaceInfo?.capabilities).toMatchObject({ workerCommands: true });
    } finally {
      await connection.close();
    }
  });

  it('has a Web UI', async () => {
    const page = await fetch(`${stack.temporalUiUrl}/namespaces/default/workflows`);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('<html');
  });

  it('has emulators that the AWS SDK can talk to', async () => {
    const kinesis = new KinesisClient({ ...aws, endpoint: stack.kinesisEndpoint });
    const dynamodb = new DynamoDBClient({ ...aws, endpoint: stack.dynamodbEndpoint });
    expect((await kinesis.send(new ListStreamsCommand({}))).StreamNames).toEqual([]);
    expect((await dynamodb.send(new ListTablesCommand({}))).TableNames).toEqual([]);
    kinesis.destroy();
    dynamodb.destroy();
  });

  it('listens on 127.0.0.1 alone', async () => {
    for (const { port } of stack.servers) {
      expect(await isOpen('127.0.0.1', port ?? 0)).toBe(true);
      expect(await isOpen('127.0.0.2', port ?? 0)).toBe(false);
    }
  });

  it('stops, twice if asked, and leaves no process and no open port', async () => {
    await Promise.all([stack.stop(), stack.stop()]);
    expect(Object.values(stack.processes).filter(isAlive)).toEqual([]);
    expect(keepersOf(process.pid)).toEqual([]);
    for (const { port } of stack.servers) expect(await isOpen('127.0.0.1', port ?? 0)).toBe(false);
  }, 15_000);
});

describe('parts of a stack', () => {
  it('are stopped when another one fails, with an error that shows its log', async () => {
    const temporal = { dbFilename: '/no/such/folder/state.db' };
    await expect(startStack({ env, temporal })).rejects.toThrow(
      /^temporal did not start: exit code 1, and its log .*\n[^]*no such file/,
    );
    expect(keepersOf(process.pid)).toEqual([]);
  }, 15_000);

  it('can be killed and started again on the same port', async () => {
    const first = await startDynamodb({ env });
    await first.signal('SIGKILL');
    const second = await startDynamodb({ env, port: first.port });
    expect(second.address).toBe(first.address);
    expect(second.pid).not.toBe(first.pid);
    await second.stop();
    await eventually(() => keepersOf(process.pid).length === 0);
  }, 15_000);
});
