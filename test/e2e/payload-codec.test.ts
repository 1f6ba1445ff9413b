import { randomUUID } from 'node:crypto';

import type { Client } from '@temporalio/client';
import type { Payload, PayloadCodec } from '@temporalio/common';

import { createWorker, defineConsumer, TidemarkClient } from '../../src';
import { createDynamodbClient } from '../../src/aws/clients';
import { createCheckpointTable } from '../../src/checkpoints/table';
import { shardWorkflowId } from '../../src/core/names';
import { connectTemporal } from '../../src/temporal/connect';
import { eventually } from '../support/eventually';
import { startScriptedKinesis } from '../support/scripted-kinesis';
import { stackEnv } from '../support/stack-env';

jest.setTimeout(120_000);

const ENCODING = 'binary/turned-over';

/** No encryption, but nothing that can be read either. */
const codec: PayloadCodec = {
  encode: async (payloads) => payloads.map(turnedOver),
  decode: async (payloads) => payloads.map(turnedBack),
};

function turnedOver({ metadata, data }: Payload): Payload {
  const inner = Buffer.from(metadata?.encoding ?? []).toString();
  const bytes = Buffer.from(data ?? []).map((byte) => byte ^ 0xff);
  return { metadata: { ...metadata, encoding: Buffer.from(ENCODING), inner: Buffer.from(inner) }, data: bytes };
}

function turnedBack(payload: Payload): Payload {
  const { metadata = {}, data } = payload;
  if (Buffer.from(metadata?.encoding ?? []).toString() !== ENCODING) return payload;
  const encoding = metadata?.inner ?? new Uint8Array();
  return { metadata: { ...metadata, encoding }, data: Buffer.from(data ?? []).map((byte) => byte ^ 0xff) };
}

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
    expect(await client.stop(consumer, { by: 'jest' })).toEqual({ shards: 1, forced: false });
  } finally {
    await client.stop(consumer, { by: 'jest', force: true }).catch(() => undefined);
    worker.shutdown();
    await run;
    await client.close();
    await plain.connection.close();
    await kinesis.close();
  }
});
