import type { DeadLetterHead, DeadLetterStatus } from '../core/dead-letter';
import type { FailurePolicy } from '../core/failure-policy';
import type { ShardIdentity } from '../core/names';
import type { DeadLetterStore } from '../dead-letters/dead-letter-store';

const PAGE = 500;

interface ParkedKey {
  readonly records: number;
  /** When its first record was parked, or was tried again last. */
  readonly sinceMs: number;
}

/**
 * Partition keys of a shard that are parked. The letters themselves are the truth: a key is parked as long as a letter of it is. They are
 * written with the checkpoint only, so what one execution has read stays true for the next one that goes on from the same token.
 */
export class ParkedKeys {
  private readonly keys = new Map<string, ParkedKey>();

  private constructor(entries: Iterable<readonly [string, ParkedKey]> = []) {
    this.keys = new Map(entries);
  }

  static none(): ParkedKeys {
    return new ParkedKeys();
  }

  static async load(letters: DeadLetterStore, shard: ShardIdentity): Promise<ParkedKeys> {
    const parked = new ParkedKeys();
    for await (const head of parkedLetters(letters, shard)) parked.add(head);
    return parked;
  }

  get size(): number {
    return this.keys.size;
  }

  get records(): number {
    return [...this.keys.values()].reduce((sum, { records }) => sum + records, 0);
  }

  has(partitionKey: string): boolean {
    return this.keys.has(partitionKey);
  }

  add({ partitionKey, errors, writtenAtMs }: Pick<DeadLetterHead, 'partitionKey' | 'errors' | 'writtenAtMs'>): void {
    const { records = 0, sinceMs = errors.at(-1)?.atMs ?? writtenAtMs } = this.keys.get(partitionKey) ?? {};
    this.keys.set(partitionKey, { records: records + 1, sinceMs });
  }

  remove(partitionKey: string, records: number): void {
    const parked = this.keys.get(partitionKey);
    if (parked === undefined) return;
    if (parked.records <= records) this.keys.delete(partitionKey);
    else this.keys.set(partitionKey, { ...parked, records: parked.records - records });
  }

  /** Tried again in vain: its time begins anew. */
  touch(partitionKey: string, nowMs: number): void {
    const parked = this.keys.get(partitionKey);
    if (parked) this.keys.set(partitionKey, { ...parked, sinceMs: nowMs });
  }

  /** Keys whose time is over. */
  due({ parkForMs }: FailurePolicy, nowMs: number): string[] {
    if (parkForMs === undefined) return [];
    return [...this.keys].filter(([, { sinceMs }]) => nowMs - sinceMs >= parkForMs).map(([key]) => key);
  }

  all(): string[] {
    return [...this.keys.keys()];
  }

  /** Keys that are parked once records of these are too. */
  sizeWith(partitionKeys: Iterable<string>): number {
    return new Set([...this.keys.keys(), ...partitionKeys]).size;
  }

  /** How many records more may be parked. */
  roomFor({ maxParkedRecords }: FailurePolicy): number {
    return Math.max(0, maxParkedRecords - this.records);
  }

  /** Whether records of these keys may be parked too. */
  hasRoom({ maxParkedKeys, maxParkedRecords }: FailurePolicy, partitionKeys: readonly string[]): boolean {
    return this.sizeWith(partitionKeys) <= maxParkedKeys && this.records + partitionKeys.length <= maxParkedRecords;
  }
}

/** Parked letters of a shard in the order of their records. */
export function parkedLetters(letters: DeadLetterStore, shard: ShardIdentity): AsyncGenerator<DeadLetterHead> {
  return lettersWith(letters, shard, 'PARKED');
}

export async function* lettersWith(
  letters: DeadLetterStore,
  shard: ShardIdentity,
  status: DeadLetterStatus,
): AsyncGenerator<DeadLetterHead> {
  let page = await letters.list(shard, { status, limit: PAGE });
  for (;;) {
    yield* page.letters;
    if (page.after === undefined) return;
    page = await letters.list(shard, { status, limit: PAGE, after: page.after });
  }
}

/** What executions of this process know of parked keys, by shard: valid for the one that goes on from the very token. */
export class ParkedKeysCache {
  private readonly known = new Map<string, { readonly token: string; readonly keys: ParkedKeys }>();

  find(shard: string, token: string): ParkedKeys | undefined {
    const found = this.known.get(shard);
    return found?.token === token ? found.keys : undefined;
  }

  keep(shard: string, token: string, keys: ParkedKeys): void {
    if (keys.size === 0) this.known.delete(shard);
    else this.known.set(shard, { token, keys });
  }
}
