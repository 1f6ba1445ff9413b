/**
 * Every name that is stored somewhere: in Temporal's history, in DynamoDB, in a user's dashboards.
 * None of them may ever change its meaning; new things get new names.
 */
export const workflowTypes = { stream: 'tidemarkStream', shard: 'tidemarkShard' } as const;

export const messageNames = {
  stop: 'stop',
  shardFinished: 'shardFinished',
  shardStatus: 'shardStatus',
  streamStatus: 'streamStatus',
} as const;

/** Search attributes, all of type Keyword. */
export const searchAttributeNames = {
  consumer: 'TidemarkConsumer',
  stream: 'TidemarkStream',
  shard: 'TidemarkShard',
  state: 'TidemarkState',
} as const;

export const DEFAULT_TABLE_NAME = 'tidemark-checkpoints';

/** Version of the attributes of a checkpoint item. */
export const CHECKPOINT_SCHEMA = 1;

/** One consumer of one incarnation of one stream: the creation time tells a re-created stream from the one before. */
export interface StreamIncarnation {
  readonly consumer: string;
  readonly streamName: string;
  readonly streamArn: string;
  /** `StreamCreationTimestamp`, epoch milliseconds. */
  readonly createdAtMs: number;
}

export interface ShardIdentity extends StreamIncarnation {
  readonly shardId: string;
}

/** Every workflow id of Tidemark begins so. */
export const WORKFLOW_ID_PREFIX = 'tidemark/';

type ConsumerOfStream = Pick<StreamIncarnation, 'consumer' | 'streamName'>;

export function taskQueueFor({ consumer, streamName }: ConsumerOfStream): string {
  return `tidemark/${consumer}/${streamName}`;
}

export function streamWorkflowId({ consumer, streamName }: ConsumerOfStream): string {
  return `${WORKFLOW_ID_PREFIX}${consumer}/${streamName}`;
}

export function shardWorkflowId(
  shard: Pick<ShardIdentity, 'consumer' | 'streamName' | 'createdAtMs' | 'shardId'>,
): string {
  return `${WORKFLOW_ID_PREFIX}${shard.consumer}/${shard.streamName}@${shard.createdAtMs}/${shard.shardId}`;
}

/** Table keys. The shard is part of the partition key: one hot key per stream would cap at 1,000 writes/s. */
export function checkpointKey(shard: ShardIdentity): { pk: string; sk: string } {
  return { pk: `shard#${shard.consumer}#${shard.streamArn}#${shard.createdAtMs}#${shard.shardId}`, sk: 'checkpoint' };
}

export function consumerPartition({ consumer, streamArn }: Pick<StreamIncarnation, 'consumer' | 'streamArn'>): string {
  return `consumer#${consumer}#${streamArn}`;
}

export function registrationKey(stream: StreamIncarnation): { pk: string; sk: string } {
  return { pk: consumerPartition(stream), sk: `incarnation#${stream.createdAtMs}` };
}

export function knownShardPrefix({ createdAtMs }: Pick<StreamIncarnation, 'createdAtMs'>): string {
  return `shard#${createdAtMs}#`;
}

export function knownShardKey(shard: ShardIdentity): { pk: string; sk: string } {
  return { pk: consumerPartition(shard), sk: `${knownShardPrefix(shard)}${shard.shardId}` };
}
