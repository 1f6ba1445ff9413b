import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamodbCheckpointStore } from '../checkpoints/dynamodb-store';
import type { CheckpointHistory } from '../checkpoints/checkpoint-history';
import { DynamodbCheckpointHistory } from '../checkpoints/dynamodb-history';
import type { CheckpointStore } from '../checkpoints/checkpoint-store';
import type { DeadLetterStore } from '../dead-letters/dead-letter-store';
import { DynamodbDeadLetterStore } from '../dead-letters/dynamodb-dead-letters';
import type { ResolvedOptions } from '../core/resolve-options';
import { AwsKinesis } from '../kinesis/aws-kinesis';
import type { KinesisPort } from '../kinesis/kinesis-port';
import { createDynamodbClient, createKinesisClient } from './clients';

/** The services of AWS that a consumer uses. */
export interface ConsumerServices {
  readonly kinesis: KinesisPort;
  readonly store: CheckpointStore;
  readonly letters: DeadLetterStore;
  readonly history: CheckpointHistory;
  readonly dynamodb: DynamoDBClient;
  close(): void;
}

/** Clients for a consumer, as its options say and where they do not, as the AWS SDK finds. Nothing is called yet. */
export function createConsumerServices({ aws, region, tableName, wire }: ResolvedOptions): ConsumerServices {
  const kinesisClient = createKinesisClient(aws, region);
  const dynamodb = createDynamodbClient({ ...aws, region: aws.region ?? region });
  return {
    kinesis: new AwsKinesis(kinesisClient, { wire }),
    store: new DynamodbCheckpointStore(dynamodb, tableName),
    letters: new DynamodbDeadLetterStore(dynamodb, tableName),
    history: new DynamodbCheckpointHistory(dynamodb, tableName),
    dynamodb,
    close: () => {
      kinesisClient.destroy();
      dynamodb.destroy();
    },
  };
}
