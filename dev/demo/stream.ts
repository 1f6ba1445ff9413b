import {
  CreateStreamCommand,
  DeleteStreamCommand,
  ListShardsCommand,
  MergeShardsCommand,
  SplitShardCommand,
  waitUntilStreamExists,
  type KinesisClient,
  type Shard,
} from '@aws-sdk/client-kinesis';
import { STREAM } from './names';

const stream = { StreamName: STREAM };

export async function createStream(kinesis: KinesisClient, shardCount: number): Promise<void> {
  await kinesis.send(new CreateStreamCommand({ ...stream, ShardCount: shardCount }));
  await untilActive(kinesis);
}

export async function deleteStream(kinesis: KinesisClient): Promise<void> {
  await kinesis.send(new DeleteStreamCommand(stream));
}

/** All shards, the closed ones too, as long as the stream keeps their records. One page: the demo has a handful. */
export async function listShards(kinesis: KinesisClient): Promise<Shard[]> {
  const { Shards = [] } = await kinesis.send(new ListShardsCommand(stream));
  return Shards;
}

export function isOpen({ SequenceNumberRange }: Shard): boolean {
  return SequenceNumberRange?.EndingSequenceNumber === undefined;
}

export interface Reshard {
  readonly split: string;
  readonly merged: readonly [string, string];
}

/** Splits the first shard in the middle of its hash keys and merges the last two. */
export async function reshard(kinesis: KinesisClient): Promise<Reshard> {
  const shards = (await listShards(kinesis)).sort((a, b) => Number(startOf(a) - startOf(b)));
  const [first, left, right] = [shards.at(0), shards.at(-2), shards.at(-1)];
  if (!first?.ShardId || !left?.ShardId || !right?.ShardId) throw new Error(`Stream ${STREAM} has too few shards`);
  const middle = (startOf(first) + BigInt(first.HashKeyRange?.EndingHashKey ?? 0)) / 2n;
  await kinesis.send(
    new SplitShardCommand({ ...stream, ShardToSplit: first.ShardId, NewStartingHashKey: String(middle) }),
  );
  await untilActive(kinesis);
  await kinesis.send(
    new MergeShardsCommand({ ...stream, ShardToMerge: left.ShardId, AdjacentShardToMerge: right.ShardId }),
  );
  await untilActive(kinesis);
  return { split: first.ShardId, merged: [left.ShardId, right.ShardId] };
}

function startOf({ HashKeyRange }: Shard): bigint {
  return BigInt(HashKeyRange?.StartingHashKey ?? 0);
}

async function untilActive(client: KinesisClient): Promise<void> {
  await waitUntilStreamExists({ client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 }, stream);
}
