import * as names from '../../../src/core/names';

const shard: names.ShardIdentity = {
  consumer: 'delays',
  streamName: 'flights',
  streamArn: 'arn:aws:kinesis:eu-west-1:123456789012:stream/flights',
  createdAtMs: 1_700_000_000_000,
  shardId: 'shardId-000000000001',
};

/** Whatever is stored under one of these names is lost to a version that spells it otherwise. */
describe('names that persist', () => {
  it('of workflows, messages and search attributes', () => {
    expect(names.workflowTypes).toEqual({
      stream: 'tidemarkStream',
      shard: 'tidemarkShard',
      redrive: 'tidemarkRedrive',
      replay: 'tidemarkReplay',
    });
    expect(names.messageNames).toMatchObject({
      stop: 'stop',
      shardFinished: 'shardFinished',
      shardFailed: 'shardFailed',
      retryParked: 'retryParked',
      skipParked: 'skipParked',
      redriveStatus: 'redriveStatus',
      replayStatus: 'replayStatus',
      shardStatus: 'shardStatus',
      streamStatus: 'streamStatus',
    });
    expect(Object.values(names.searchAttributeNames)).toEqual([
      'TidemarkConsumer',
      'TidemarkStream',
      'TidemarkShard',
      'TidemarkState',
    ]);
    expect(names.DEFAULT_TABLE_NAME).toBe('tidemark-checkpoints');
  });

  it('of task queues and workflow ids', () => {
    expect(names.taskQueueFor(shard)).toBe('tidemark/delays/flights');
    expect(names.streamWorkflowId(shard)).toBe('tidemark/delays/flights');
    expect(names.shardWorkflowId(shard)).toBe('tidemark/delays/flights@1700000000000/shardId-000000000001');
  });

  it('of table items', () => {
    const consumer = `consumer#delays#${shard.streamArn}`;
    expect(names.checkpointKey(shard)).toEqual({
      pk: `shard#delays#${shard.streamArn}#1700000000000#${shard.shardId}`,
      sk: 'checkpoint',
    });
    expect(names.registrationKey(shard)).toEqual({ pk: consumer, sk: 'incarnation#1700000000000' });
    expect(names.knownShardKey(shard)).toEqual({ pk: consumer, sk: `shard#1700000000000#${shard.shardId}` });
    expect(names.knownShardKey(shard).sk.startsWith(names.knownShardPrefix(shard))).toBe(true);
  });

  it('differ between the incarnations of a stream', () => {
    const recreated = { ...shard, createdAtMs: shard.createdAtMs + 1 };
    expect(names.checkpointKey(recreated)).not.toEqual(names.checkpointKey(shard));
    expect(names.shardWorkflowId(recreated)).not.toBe(names.shardWorkflowId(shard));
  });
});
