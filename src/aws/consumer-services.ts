import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import { DynamodbCheckpointStore } from '../checkpoints/dynamodb-store';
import type { CheckpointHistory } from '../checkpoints/checkpoint-history';
import { DynamodbCheckpointHistory } from '../checkpoints/dynamodb-history';
import type { CheckpointStore } from '../checkpoints/checkpoint-store';
import type { DeadLetterStore } from '../dead-letters/dead-letter-store';
import { DynamodbDeadLetterStore } from '../dead-letters/dynamodb-dead-letters';
import type { ResolvedOptions } from '../core/resolve-options';
import { AwsFanOut } from '../kinesis/aws-fan-out';
import { AwsKinesis } from '../kinesis/aws-kinesis';
import { FanOut } from '../kinesis/fan-out';
import type { KinesisPort } from '../kinesis/kinesis-port';
import { createDynamodbClient, createKinesisClient, createSubscriptionClient } from './clients';

/** The services of AWS that a consumer uses. */
export interface ConsumerServices {
  readonly kinesis: KinesisPort;
  /** Undefined where shards are polled. */
  readonly fanOut?: FanOut;
  readonly store: CheckpointStore;
  readonly letters: DeadLetterStore;
  readonly history: CheckpointHistory;
  readonly dynamodb: DynamoDBClient;
  close(): void;
}

/** Clients for a consumer, as its options say and where they do not, as the AWS SDK finds. Nothing is called yet. */
export function createConsumerServices(options: ResolvedOptions): ConsumerServices {
  const { aws, region, tableName, wire } = options;
  const kinesisClient = createKinesisClient(aws, region);
  const dynamodb = createDynamodbClient({ ...aws, region: aws.region ?? region });
  const fanOut = createFanOut(kinesisClient, options);
  return {
    kinesis: new AwsKinesis(kinesisClient, { wire }),
    ...(fanOut ? { fanOut } : {}),
    store: new DynamodbCheckpointStore(dynamodb, tableName),
    letters: new DynamodbDeadLetterStore(dynamodb, tableName),
    history: new DynamodbCheckpointHistory(dynamodb, tableName),
    dynamodb,
    close: () => {
      fanOut?.close();
      kinesisClient.destroy();
      dynamodb.destroy();
    },
  };
}

/** Enhanced fan-out, where the options ask for it: with a client of its own, because only its calls are made over HTTP/2. */
function createFanOut(client: KinesisClient, { aws, region, fanOut }: ResolvedOptions): FanOut | undefined {
  if (!fanOut) return undefined;
  const http2 = createSubscriptionClient(aws, region);
  return new FanOut(new AwsFanOut(client, http2), fanOut, { closePort: () => http2.destroy() });
}
