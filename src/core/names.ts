/**
 * Every name that is stored somewhere: in Temporal's history, in DynamoDB, in a user's dashboards.
 * None of them may ever change its meaning; new things get new names.
 */
export const workflowTypes = {
  stream: 'tidemarkStream',
  shard: 'tidemarkShard',
  redrive: 'tidemarkRedrive',
  replay: 'tidemarkReplay',
} as const;

export const messageNames = {
  stop: 'stop',
  shardFinished: 'shardFinished',
  shardFailed: 'shardFailed',
  shardStatus: 'shardStatus',
  streamStatus: 'streamStatus',
  retryParked: 'retryParked',
  skipParked: 'skipParked',
  redriveStatus: 'redriveStatus',
  replayStatus: 'replayStatus',
  pause: 'pause',
  resume: 'resume',
  moveCheckpoint: 'moveCheckpoint',
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

/** Every workflow id of Tidemark begins so, but those of replays: they are beside the consumer. */
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

/** Longest sequence number that is accepted anywhere, digits. */
const SEQUENCE_DIGITS = 128;

/** Dead letters of a shard sort in the order of their records. */
export const DEAD_LETTER_PREFIX = 'dead#';

export function deadLetterSortKey(sequenceNumber: string, subSequenceNumber = 0): string {
  return `${DEAD_LETTER_PREFIX}${padded(sequenceNumber, subSequenceNumber)}`;
}

/** Pieces of a payload that does not fit its letter. Another prefix, so that a list of letters does not read them. */
export function deadLetterPartSortKey(sequenceNumber: string, subSequenceNumber: number, part: number): string {
  return `dead-part#${padded(sequenceNumber, subSequenceNumber)}#${String(part).padStart(3, '0')}`;
}

function padded(sequenceNumber: string, subSequenceNumber: number): string {
  return `${sequenceNumber.padStart(SEQUENCE_DIGITS, '0')}#${String(subSequenceNumber).padStart(8, '0')}`;
}

/** Restore points stand beside the registration, in parts of many shards. Their names have no `#`. */
export function restorePointPrefix(stream: StreamIncarnation, name?: string): { pk: string; prefix: string } {
  const prefix = `restore-point#${stream.createdAtMs}#`;
  return { pk: consumerPartition(stream), prefix: name === undefined ? prefix : `${prefix}${name}#` };
}

/** Part 0 is the head, which a name has once. The others have the id of their point, so that none overwrites those of another. */
export function restorePointKey(
  stream: StreamIncarnation,
  name: string,
  part: number,
  id?: string,
): { pk: string; sk: string } {
  const { pk, prefix } = restorePointPrefix(stream, name);
  const ofPoint = part === 0 || id === undefined ? '' : `#${id}`;
  return { pk, sk: `${prefix}${String(part).padStart(4, '0')}${ofPoint}` };
}

/** Entries of the history of a checkpoint sort by time. */
export function historySortKey(atMs: number, id: string): string {
  return `history#${String(atMs).padStart(16, '0')}#${id}`;
}

export function redriveWorkflowId({ consumer, streamName }: ConsumerOfStream, id: string): string {
  return `${WORKFLOW_ID_PREFIX}${consumer}/${streamName}/redrive/${id}`;
}

/** Without an id, what the ids of all replays of a consumer begin with. */
export function replayWorkflowId({ consumer, streamName }: ConsumerOfStream, id = ''): string {
  return `tidemark-replay/${consumer}/${streamName}/${id}`;
}

/** For a replay whose worker does nothing else. */
export function replayTaskQueue(stream: ConsumerOfStream, id: string): string {
  return replayWorkflowId(stream, id);
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
