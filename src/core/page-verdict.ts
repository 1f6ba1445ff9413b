/** What a GetRecords answer says about the shard's end. */
export type PageVerdict =
  /** There is more to read. */
  | 'more'
  /** The shard is closed and fully read. */
  | 'end'
  /** No next iterator and no child shards: some endpoints never send them, so ListShards must confirm the end. */
  | 'confirmEnd'
  /** The answer contradicts itself: it is thrown away and asked for again. */
  | 'invalid';

export interface PageShape {
  readonly nextIterator?: string;
  readonly childShards: readonly { readonly parentShardIds: readonly string[] }[];
}

/** The end of a shard is earned: only a null iterator together with child shards that have parents says so by itself. */
export function judgePage({ nextIterator, childShards }: PageShape): PageVerdict {
  const hasChildren = childShards.length > 0;
  if (nextIterator !== undefined) return hasChildren ? 'invalid' : 'more';
  if (!hasChildren) return 'confirmEnd';
  return childShards.every(({ parentShardIds }) => parentShardIds.length > 0) ? 'end' : 'invalid';
}
