import { randomUUID } from 'node:crypto';
import { join } from 'node:path';

import type { Client } from '@temporalio/client';

import { createWorker, defineConsumer, TidemarkClient } from '../../src';
import { createDynamodbClient } from '../../src/aws/clients';
import { createCheckpointTable } from '../../src/checkpoints/table';
import { shardWorkflowId } from '../../src/core/names';
import { connectTemporal } from '../../src/temporal/connect';
import { spawnCli, type CliResult } from '../support/cli/cli-process';
import { eventually } from '../support/eventually';
import { startScriptedKinesis } from '../support/scripted-kinesis';
import { stackEnv } from '../support/stack-env';
import { codec, ENCODING } from '../support/turned-over-codec';
import { assertSource, SOURCE } from '../support/source';

jest.setTimeout(120_000);

async function expectEncoded(client: Client, workflowId: string): Promise<void> {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  const [input] = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
  expect(Buffer.from(input?.metadata?.encoding ?? []).toString()).toBe(ENCODING);
  expect(Buffer.from(input?.data ?? []).toString()).not.toContain('timing');
}

it('a payload codec covers all that a worker and a client say to Temporal, and status, repair and stop work with it', async () => {
  const id = randomUUID().slice(0, 8);
  const [stream, tableName] = [`codec-${id}`, `codec-${id}`];
  const kinesis = await startScriptedKinesis();
  const { region, credentials, dynamodbEndpoint, temporalAddress } = stackEnv();
  kinesis.createStream(stream, 1);
  const dynamodb = createDynamodbClient({ region, credentials, dynamodbEndpoint });
  await createCheckpointTable(dynamodb, tableName);
  dynamodb.destroy();
  const handled: string[] = [];
  const consumer = defineConsumer({
    ...SOURCE,
    name: 'coded',
    stream,
    tableName,
    startFrom: 'TRIM_HORIZON',
    pollIntervalMs: 200,
    historyIntervalMs: 1_000,
    aws: { region, credentials, dynamodbEndpoint, kinesisEndpoint: kinesis.endpoint },
    handler: ({ records }) => void handled.push(...records.map((record) => record.text())),
  });
  const temporal = { address: temporalAddress, payloadCodecs: [codec] };
  const client = await TidemarkClient.connect(temporal);
  const worker = await createWorker([consumer], { temporal });
  const run = worker.run();
  const plain = await connectTemporal({ address: temporalAddress });
  try {
    kinesis.put(stream, 'key', 'one');
    const { stream: incarnation, workflowId } = await client.start(consumer);
    const status = await eventually(
      async () => {
        const report = await client.status(consumer);
        expect(report.shards).toMatchObject([{ state: 'READING', records: 1 }]);
        return report;
      },
      { timeoutMs: 60_000, what: 'a status through the codec' },
    );
    expect([handled, status.state]).toEqual([['one'], 'RUNNING']);
    expect(await client.backups.planRepair(consumer)).toMatchObject({
      registration: 'present',
      streamWorkflow: 'RUNNING',
    });

    const shardId = status.shards[0]?.shardId ?? '';
    for (const one of [workflowId, shardWorkflowId({ ...incarnation, shardId })]) {
      await expectEncoded(plain, one);
    }
    const codecFile = join(__dirname, '../support/turned-over-codec.ts');
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, ...stackEnv().env };
    const cliStatus = (args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<CliResult> =>
      spawnCli(['status', '--json', ...args], { ...env, ...more }).exited;
    const [byOption, byEnvironment, without] = await Promise.all([
      cliStatus(['--codec', codecFile]),
      cliStatus([], { TIDEMARK_PAYLOAD_CODEC: codecFile }),
      cliStatus([]),
    ]);
    for (const { code, stdout } of [byOption, byEnvironment]) {
      expect(code).toBe(0);
      const shards = [expect.objectContaining({ state: 'READING', records: 1 })];
      expect(JSON.parse(stdout)).toContainEqual(expect.objectContaining({ consumer: 'coded', shards }));
    }
    expect(without).toMatchObject({ code: 1, stderr: expect.stringContaining('with --codec') as string });
    expect(await client.stop(consumer, { by: 'jest' })).toEqual({ shards: 1, forced: false });
  } finally {
    await client.stop(consumer, { by: 'jest', force: true }).catch(() => undefined);
    worker.shutdown();
    await run;
    await client.close();
    await plain.connection.close();
    assertSource(kinesis);
    await kinesis.close();
  }
});
