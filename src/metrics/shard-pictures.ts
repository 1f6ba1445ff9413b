import type { ShardIdentity } from '../core/names';
import { listen, type WatchedConsumer } from './channels';
import { ShardPicture } from './shard-picture';

/** Pictures of all shards that this process works on or has worked on. */
export class ShardPictures {
  private readonly pictures = new Map<string, ShardPicture>();
  private readonly endListening: () => void;

  constructor(
    consumers: readonly WatchedConsumer[],
    private readonly now: () => number = Date.now,
  ) {
    const known = (shard: ShardIdentity): ShardPicture | undefined => this.pictures.get(nameOf(shard));
    this.endListening = listen(consumers, {
      sliceBegun: (message) => this.ofOrNew(message.shard).begin(message, now()),
      sliceEnded: (message) => known(message.shard)?.end(message, now()),
      opened: ({ shard, retentionMs }) => {
        const picture = known(shard);
        if (picture) picture.retentionMs = retentionMs;
      },
      pageRead: (message) => known(message.shard)?.read(message, now()),
      committed: (message) => known(message.shard)?.commit(message, now()),
      trouble: (message) => known(message.shard)?.trouble(message, now()),
    });
  }

  all(): IterableIterator<ShardPicture> {
    return this.pictures.values();
  }

  forget(picture: ShardPicture): void {
    this.pictures.delete(nameOf(picture.shard));
  }

  close(): void {
    this.endListening();
  }

  private ofOrNew(shard: ShardIdentity): ShardPicture {
    const name = nameOf(shard);
    const picture = this.pictures.get(name) ?? new ShardPicture(shard, this.now());
    this.pictures.set(name, picture);
    return picture;
  }
}

function nameOf({ consumer, streamName, createdAtMs, shardId }: ShardIdentity): string {
  return `${consumer}/${streamName}@${createdAtMs}/${shardId}`;
}
