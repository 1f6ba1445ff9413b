import { ListShardsCommand, type KinesisClient, type ListShardsCommandOutput } from '@aws-sdk/client-kinesis';

import { TidemarkError } from '../core/errors';
import type { Shard } from '../core/shard-graph';
import { toShard } from './aws-answers';

interface StreamParameters {
  readonly StreamName?: string;
  readonly StreamARN?: string;
}

const MAX_LISTINGS = 5;
/** A page has 1,000 shards; no stream has a million. */
const MAX_PAGES = 1_000;

/** ListShards through all its pages. Errors of the SDK go through as they are. */
export class ShardListing {
  /** AWS wants the token of the next page alone; several emulators want the stream with it, and are met once they say so. */
  private isTokenAlone = true;

  constructor(private readonly client: KinesisClient) {}

  /** A token lives 300 s. When it has expired the listing starts anew: half a listing is never returned. */
  async list(stream: StreamParameters): Promise<Shard[]> {
    for (let listings = 1; ; listings += 1) {
      try {
        return await this.listOnce(stream);
      } catch (error) {
        if (nameOf(error) !== 'ExpiredNextTokenException') throw error;
        if (listings === MAX_LISTINGS)
          throw new TidemarkError('KINESIS_UNAVAILABLE', `ListShards broke off ${listings} times`);
      }
    }
  }

  private async listOnce(stream: StreamParameters): Promise<Shard[]> {
    const shards = new Map<string, Shard>();
    let token: string | undefined;
    for (let pages = 1; pages <= MAX_PAGES; pages += 1) {
      const page = await this.page(stream, token);
      for (const shard of (page.Shards ?? []).map(toShard)) shards.set(shard.shardId, shard);
      if (!page.NextToken) return [...shards.values()];
      if (page.NextToken === token) break;
      token = page.NextToken;
    }
    throw new TidemarkError('INVALID_ANSWER', 'ListShards never came to its last page');
  }

  private async page(stream: StreamParameters, token: string | undefined): Promise<ListShardsCommandOutput> {
    if (token === undefined) return this.client.send(new ListShardsCommand(stream));
    if (!this.isTokenAlone) return this.client.send(new ListShardsCommand({ ...stream, NextToken: token }));
    try {
      return await this.client.send(new ListShardsCommand({ NextToken: token }));
    } catch (error) {
      if (!['InvalidArgumentException', 'ValidationException'].includes(nameOf(error))) throw error;
      const page = await this.client.send(new ListShardsCommand({ ...stream, NextToken: token }));
      this.isTokenAlone = false;
      return page;
    }
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : '';
}
