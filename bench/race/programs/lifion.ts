/** lifion-kinesis, from the bench's cache; its own order's settings say where. */
import { createRequire } from 'node:module';
import { LOCAL_CREDENTIALS, LOCAL_REGION } from '../../../dev/stack/pins';
import { Reporter, type RecordView } from './reporter';

interface LifionRecord {
  /** Parsed already where it looks like JSON, which is the default and cannot be had for less: bytes are copied one by one. */
  readonly data: unknown;
}

interface Chunk {
  readonly shardId: string;
  readonly records: readonly LifionRecord[];
}

interface LifionKinesis {
  on(event: 'data', listener: (chunk: Chunk) => void): void;
  on(event: 'error', listener: (error: unknown) => void): void;
  startConsumer(): Promise<void>;
  stopConsumer(): void;
}

const VIEW: RecordView<LifionRecord> = { size: () => 0, parse: ({ data }) => data };
const GRACE_MS = 1_000;
const reporter = new Reporter();
const { order } = reporter;
const Kinesis = createRequire(__filename)(order.settings.module ?? '') as new (options: unknown) => LifionKinesis;
const shared = { region: LOCAL_REGION, ...LOCAL_CREDENTIALS };
const kinesis = new Kinesis({
  ...shared,
  endpoint: order.kinesisEndpoint,
  streamName: order.stream,
  consumerGroup: order.application,
  createStreamIfNeeded: false,
  initialPositionInStream: 'TRIM_HORIZON',
  dynamoDb: { ...shared, endpoint: order.dynamodbEndpoint, tableName: order.application },
  logger: { warn: console.error, error: console.error },
  ...(order.isTuned ? { pollDelay: 0 } : {}),
});

kinesis.on('data', ({ shardId, records }) => reporter.handle(shardId, records, VIEW));
kinesis.on('error', (error) => console.error(error));
process.once('SIGTERM', () => {
  kinesis.stopConsumer();
  // It does not say when pages under way have been handed over.
  setTimeout(() => process.exit(0), GRACE_MS);
});
kinesis.startConsumer().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
