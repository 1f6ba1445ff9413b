import type { ShardIdentity } from '../core/names';
import type { DeadLetterStore } from '../dead-letters/dead-letter-store';

const LETTERS_PER_PAGE = 500;

/** Partition keys of a shard that are parked: those of its parked letters. */
export async function parkedKeysOf(letters: DeadLetterStore, shard: ShardIdentity): Promise<Set<string>> {
  const query = { status: 'PARKED', limit: LETTERS_PER_PAGE } as const;
  const keys = new Set<string>();
  let page = await letters.list(shard, query);
  for (;;) {
    for (const { partitionKey } of page.letters) keys.add(partitionKey);
    if (page.after === undefined) return keys;
    page = await letters.list(shard, { ...query, after: page.after });
  }
}
