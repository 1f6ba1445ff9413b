import { randomUUID } from 'node:crypto';
import { TidemarkClient, createWorker, defineConsumer } from '../../src';
import { createDynamodbClient } from '../../src/aws/clients';
import { createCheckpointTable } from '../../src/checkpoints/table';
import { messageNames } from '../../src/core/names';
import type { StreamStatus } from '../../src/core/shard-work';
import { connectTemporal } from '../../src/temporal/connect';
import { eventually } from '../support/eventually';
import { startScriptedKinesis } from '../support/scripted-kinesis';
import { stackEnv } from '../support/stack-env';

const ROOTS = 100;
const GENERATIONS = 25;
const SHARDS = ROOTS * GENERATIONS;

describe('a stream of 2,500 shards', () => {
  it('is listed through all pages; only the oldest generation starts', async () => {
    const kinesis = await startScriptedKinesis();
    const stream = `many-${randomUUID().slice(0, 8)}`;
    Object.assign(process.env, { ...stackEnv().env, AWS_ENDPOINT_URL_KINESIS: kinesis.endpoint });
    kinesis.createStream(stream, ROOTS);
    let parents = kinesis.shards(stream).map(({ shardId }) => shardId);
    for (let generation = 1; generation < GENERATIONS; generation += 1) {
      parents = kinesis.addShards(
        stream,
        parents.map((parentShardId) => ({ parentShardId })),
      );
    }
    const dynamodb = createDynamodbClient({});
    await createCheckpointTable(dynamodb, 'tidemark-checkpoints');
    dynamodb.destroy();
    const consumer = defineConsumer({
      name: 'many',
      stream,
      startFrom: 'TRIM_HORIZON',
      pollIntervalMs: 60_000,
      handler: () => undefined,
    });
    const temporal = await connectTemporal();
    const client = await TidemarkClient.connect();
    const worker = await createWorker([consumer], { maxShards: 100 });
    const run = worker.run();
    try {
      const { workflowId } = await client.start(consumer);
      const lastSync = await eventually(
        async () =>
          (await temporal.workflow.getHandle(workflowId).query<StreamStatus>(messageNames.streamStatus)).lastSync,
        { timeoutMs: 150_000, intervalMs: 500, what: 'the first listing' },
      );
      expect(lastSync).toMatchObject({ listed: SHARDS, running: ROOTS, waiting: SHARDS - ROOTS, finished: 0 });
      expect(kinesis.requests.count('ListShards')).toBeGreaterThanOrEqual(3);
    } finally {
      worker.shutdown();
      await client.stop(consumer, { by: 'test', force: true });
      await run;
      await client.close();
      await temporal.connection.close();
      await kinesis.close();
    }
  }, 240_000);
});
