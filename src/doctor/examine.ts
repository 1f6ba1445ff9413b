import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import { createDynamodbClient, createKinesisClient } from '../aws/clients';
import { translateAwsError } from '../aws/translate-error';
import { DynamodbCheckpointStore } from '../checkpoints/dynamodb-store';
import type { ConsumerDefinition } from '../handler/define-consumer';
import { toStreamDescription } from '../kinesis/aws-answers';
import { connectTemporal, resolveTemporal, type TemporalOptions } from '../temporal/connect';
import { judgeClock, type ClockReading } from './clock';
import { fanOutProbes } from './fan-out-probe';
import { ok, skipped, wrong, type Finding, type NamedFinding, type Probe } from './finding';
import { judgeRetention } from './retention';
import { once, runProbes } from './run-probes';
import { describeStream, streamProbes } from './stream-probes';
import { readDynamodbClock, tableProbes } from './table-probes';
import { temporalProbes, workerProbe } from './temporal-probes';

export interface Examination {
  /** Left out: only what does not depend on a consumer is looked at. */
  readonly file?: string;
  readonly loadConsumers: (file: string) => Promise<ConsumerDefinition[]>;
  readonly temporal: TemporalOptions;
  readonly timeoutMs?: number;
}

/** Looks at everything that a consumer needs. Changes nothing; a finding says what to do. */
export async function examine({ file, loadConsumers, temporal, timeoutMs }: Examination): Promise<NamedFinding[]> {
  let consumers: readonly ConsumerDefinition[] = [];
  const load = async (): Promise<Finding> => {
    if (file === undefined) return skipped('none given: stream, table and workers are not looked at');
    consumers = await loadConsumers(file);
    return describeLoaded(consumers);
  };
  // What there is to look at depends on it.
  const [loaded] = await runProbes([{ name: 'consumer file', look: load }], timeoutMs);
  const getClient = once(() => connectTemporal(temporal));
  const { connectionOptions, namespace } = resolveTemporal(temporal);
  const clients: { destroy(): void }[] = [];
  const opened = <T extends { destroy(): void }>(client: T): T => (clients.push(client), client);
  const probes = [
    { name: 'Node.js', look: async () => judgeNode(process.versions.node) },
    ...temporalProbes(getClient, connectionOptions.address, namespace),
    ...(consumers.length > 0
      ? consumers.flatMap((consumer) => [workerProbe(getClient, consumer), ...awsProbes(consumer, clients)])
      : [credentialsProbe(opened(createDynamodbClient({})))]),
  ];
  try {
    const [node, ...others] = await runProbes(probes, timeoutMs);
    return [node, loaded, ...others].filter((finding) => finding !== undefined);
  } finally {
    for (const client of clients) client.destroy();
    // One that hangs is left to the end of the process.
    void getClient().then(
      (client) => client.connection.close(),
      () => undefined,
    );
  }
}

function describeLoaded(consumers: readonly ConsumerDefinition[]): Finding {
  return ok(consumers.map(({ options }) => `${options.name} on stream ${options.streamName}`).join(', '));
}

const MIN_NODE = [20, 19] as const;

export function judgeNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isEnough = major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1]);
  return isEnough ? ok(`v${version}`) : wrong(`v${version} is too old`, `Use Node.js ${MIN_NODE.join('.')} or later.`);
}

function awsProbes(consumer: ConsumerDefinition, clients: { destroy(): void }[]): Probe[] {
  const { options } = consumer;
  const { aws, region, name, tableName } = options;
  const kinesis = createKinesisClient(aws, region);
  const dynamodb = createDynamodbClient({ ...aws, region: aws.region ?? region });
  clients.push(kinesis, dynamodb);
  const readings: ClockReading[] = [];
  const describe = once(() => describeStream(kinesis, consumer, (reading) => readings.push(reading)));
  const clock = async (): Promise<Finding> => {
    const [reading] = await Promise.all([readDynamodbClock(dynamodb, tableName), describe().catch(() => undefined)]);
    return judgeClock([...readings, reading]);
  };
  const retention = async (): Promise<Finding> => {
    const summary = await describe().catch(() => undefined);
    if (summary === undefined) return skipped('needs the stream');
    const { streamName, streamArn, createdAtMs, retentionMs } = toStreamDescription(summary, Date.now());
    const store = new DynamodbCheckpointStore(dynamodb, tableName);
    const stream = { consumer: name, streamName, streamArn, createdAtMs };
    const known = await store.listKnownShards(stream).catch(() => undefined);
    if (known === undefined) return skipped('needs the table');
    const rows = await store.readMany(known.map(({ shardId }) => ({ ...stream, shardId })));
    const shards = known.map(({ shardId }, index) => ({ shardId, row: rows[index] }));
    return judgeRetention(shards, retentionMs, Date.now());
  };
  return [
    { ...credentialsProbe(kinesis), consumer: name },
    ...streamProbes(consumer, kinesis, describe),
    ...fanOutProbes(consumer, kinesis, async () => (await describe().catch(() => undefined))?.StreamARN),
    ...tableProbes(consumer, dynamodb),
    { name: 'retention', consumer: name, look: retention },
    { name: 'clock', consumer: name, look: clock },
  ];
}

/** Whether there are credentials, as the SDK finds them; whether they are accepted, the other lines say. */
function credentialsProbe(client: KinesisClient | DynamoDBClient): Probe {
  return {
    name: 'AWS credentials',
    look: async () => {
      try {
        const [{ accessKeyId, expiration }, region] = await Promise.all([
          client.config.credentials(),
          client.config.region(),
        ]);
        const key = `access key …${accessKeyId.slice(-4)}, region ${region}`;
        if (expiration && expiration.getTime() < Date.now())
          return wrong(`${key}, expired ${expiration.toISOString()}`, 'Renew the credentials.');
        return ok(expiration ? `${key}, until ${expiration.toISOString()}` : key);
      } catch (error) {
        throw translateAwsError(error, { service: 'Kinesis', operation: 'credentials' });
      }
    },
  };
}
