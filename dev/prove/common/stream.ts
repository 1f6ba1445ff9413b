import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  ListShardsCommand,
  MergeShardsCommand,
  SplitShardCommand,
  type KinesisClient,
  type Shard,
} from '@aws-sdk/client-kinesis';
import type { Fault } from './schedule';
import { waitUntil } from './wait';

type Reshard = Extract<Fault, { kind: 'reshard' }>;

/** One stream seen through the Kinesis API alone. */
export class ProofStream {
  constructor(
    private readonly kinesis: KinesisClient,
    readonly name: string,
    private readonly signal: AbortSignal,
  ) {}

  async create(shardCount: number): Promise<void> {
    await this.kinesis.send(new CreateStreamCommand({ StreamName: this.name, ShardCount: shardCount }));
    await this.untilActive();
  }

  async lineage(): Promise<{ shardId: string; parents: string[] }[]> {
    const shards = await this.list();
    return shards.map(({ ShardId = '', ParentShardId, AdjacentParentShardId }) => ({
      shardId: ShardId,
      parents: [ParentShardId, AdjacentParentShardId].filter((id) => id !== undefined),
    }));
  }

  /** Splits an open shard or merges two neighbours. Keeps the number of open shards between half and double of `shardCount`. */
  async reshard({ prefers, choice, cut }: Reshard, shardCount: number): Promise<string> {
    const open = (await this.list()).filter(isOpen).sort(byRange);
    const mustSplit = open.length < 2 || open.length <= shardCount / 2;
    const mustMerge = open.length >= 2 * shardCount && open.length >= 2;
    const merges = mustMerge || (prefers === 'merge' && !mustSplit);
    const what = merges ? await this.merge(open, choice) : await this.split(open, choice, cut);
    await this.untilActive();
    return what;
  }

  private async split(open: readonly Shard[], choice: number, cut: number): Promise<string> {
    const shard = open[Math.floor(choice * open.length)] as Shard;
    const [start, end] = rangeOf(shard);
    const percent = BigInt(Math.floor(cut * 100));
    const NewStartingHashKey = (start + ((end - start) * percent) / 100n).toString();
    const ShardToSplit = shard.ShardId;
    await this.kinesis.send(new SplitShardCommand({ StreamName: this.name, ShardToSplit, NewStartingHashKey }));
    return `split ${ShardToSplit}`;
  }

  private async merge(open: readonly Shard[], choice: number): Promise<string> {
    const index = Math.floor(choice * (open.length - 1));
    const [ShardToMerge, AdjacentShardToMerge] = [open[index]?.ShardId, open[index + 1]?.ShardId];
    await this.kinesis.send(new MergeShardsCommand({ StreamName: this.name, ShardToMerge, AdjacentShardToMerge }));
    return `merge ${ShardToMerge} and ${AdjacentShardToMerge}`;
  }

  private async list(): Promise<Shard[]> {
    const shards: Shard[] = [];
    let NextToken: string | undefined;
    do {
      const from = NextToken ? { NextToken } : { StreamName: this.name };
      const page = await this.kinesis.send(new ListShardsCommand(from));
      shards.push(...(page.Shards ?? []));
      NextToken = page.NextToken;
    } while (NextToken);
    return shards;
  }

  private async untilActive(): Promise<void> {
    await waitUntil(async () => (await this.status()) === 'ACTIVE', {
      timeoutMs: 30_000,
      what: `stream ${this.name} to be ACTIVE`,
      signal: this.signal,
    });
  }

  private async status(): Promise<string | undefined> {
    const answer = await this.kinesis.send(new DescribeStreamSummaryCommand({ StreamName: this.name }));
    return answer.StreamDescriptionSummary?.StreamStatus;
  }
}

function isOpen(shard: Shard): boolean {
  return shard.SequenceNumberRange?.EndingSequenceNumber === undefined;
}

function rangeOf({ HashKeyRange }: Shard): [bigint, bigint] {
  return [BigInt(HashKeyRange?.StartingHashKey ?? 0), BigInt(HashKeyRange?.EndingHashKey ?? 0)];
}

function byRange(a: Shard, b: Shard): number {
  return rangeOf(a)[0] < rangeOf(b)[0] ? -1 : 1;
}
