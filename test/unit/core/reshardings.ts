import fc from 'fast-check';
import { parentsOf, planShards, type Shard, type ShardProgress } from '../../../src/core/shard-graph';

export interface Step {
  readonly does: 'split' | 'merge' | 'expire' | 'finish' | 'plan';
  readonly pick: number;
}

/** What happens to a stream and its consumer. Several reshardings in a row without a plan are a coordinator that was away. */
export const histories: fc.Arbitrary<{ open: number; steps: Step[] }> = fc.record({
  open: fc.integer({ min: 1, max: 4 }),
  steps: fc.array(
    fc.record({
      does: fc.constantFrom<Step['does']>(
        'split',
        'split',
        'merge',
        'merge',
        'plan',
        'plan',
        'finish',
        'finish',
        'finish',
        'expire',
      ),
      pick: fc.nat(1_000),
    }),
    { maxLength: 80, size: 'max' },
  ),
});

const chosen = <T>(from: readonly T[], pick: number): T | undefined => from[pick % Math.max(from.length, 1)];

/** A stream that splits, merges and forgets, with ids that do not sort by age. */
export class ReshardedStream {
  private readonly shards = new Map<string, Shard>();
  private readonly expired = new Set<string>();
  private made = 0;

  constructor(open: number) {
    for (let index = 0; index < open; index += 1) this.add();
  }

  get all(): Shard[] {
    return [...this.shards.values()];
  }

  /** As ListShards gives them, in no useful order. */
  list(pick: number): Shard[] {
    const listed = this.all.filter(({ shardId }) => !this.expired.has(shardId));
    const turn = pick % Math.max(listed.length, 1);
    const turned = [...listed.slice(turn), ...listed.slice(0, turn)];
    return pick % 2 === 0 ? turned : turned.reverse();
  }

  isExpired(shardId: string): boolean {
    return this.expired.has(shardId);
  }

  split(pick: number): void {
    const parent = chosen(this.open, pick);
    if (!parent) return;
    this.close(parent);
    this.add(parent.shardId);
    this.add(parent.shardId);
  }

  merge(pick: number): void {
    const parent = chosen(this.open, pick);
    const other = chosen(
      this.open.filter((shard) => shard !== parent),
      pick >> 3,
    );
    if (!parent || !other) return;
    this.close(parent);
    this.close(other);
    this.add(parent.shardId, other.shardId);
  }

  /** Retention takes closed shards only, ancestors first. */
  expire(pick: number): void {
    const gone = (id: string | undefined): boolean => id === undefined || this.expired.has(id);
    const old = this.all.filter(
      (shard) =>
        shard.isClosed && !gone(shard.shardId) && gone(shard.parentShardId) && gone(shard.adjacentParentShardId),
    );
    const shard = chosen(old, pick);
    if (shard) this.expired.add(shard.shardId);
  }

  private get open(): Shard[] {
    return this.all.filter(({ isClosed }) => !isClosed);
  }

  private add(parentShardId?: string, adjacentParentShardId?: string): void {
    this.made += 1;
    const shardId = `shardId-${String((this.made * 7_919) % 100_003).padStart(12, '0')}`;
    this.shards.set(shardId, { shardId, parentShardId, adjacentParentShardId, isClosed: false });
  }

  private close(shard: Shard): void {
    this.shards.set(shard.shardId, { ...shard, isClosed: true });
  }
}

/** A coordinator that plans again and again while the stream reshards and shards end in any order. */
export class Coordinator {
  readonly starts = new Map<string, number>();
  readonly reportedExpired = new Set<string>();
  readonly problems: string[] = [];
  private readonly progress = new Map<string, ShardProgress>();

  constructor(private readonly stream: ReshardedStream) {}

  get unfinished(): string[] {
    return [...this.progress].filter(([, state]) => state === 'known').map(([shardId]) => shardId);
  }

  plan(pick: number): void {
    const listed = this.stream.list(pick);
    for (const { shardId } of listed) if (!this.progress.has(shardId)) this.progress.set(shardId, 'known');
    const { start, waiting, expired } = planShards(listed, this.progress);
    const due = listed.filter(({ shardId }) => !this.isFinished(shardId)).length;
    if (start.length + waiting.length !== due)
      this.problems.push(`${due} due, but ${start.length} start and ${waiting.length} wait`);
    for (const shardId of expired) this.reportExpired(shardId);
    for (const shard of start) if (!this.isRunning(shard.shardId)) this.start(shard);
  }

  finish(pick: number): void {
    const shardId = chosen(this.finishable, pick);
    if (shardId !== undefined) this.progress.set(shardId, 'finished');
  }

  finishAll(): void {
    for (const shardId of this.finishable) this.progress.set(shardId, 'finished');
  }

  private get finishable(): string[] {
    return this.stream.all
      .filter((shard) => shard.isClosed && this.isRunning(shard.shardId))
      .map(({ shardId }) => shardId);
  }

  private isFinished(shardId: string): boolean {
    return this.progress.get(shardId) === 'finished';
  }

  private isRunning(shardId: string): boolean {
    return this.starts.has(shardId) && !this.isFinished(shardId);
  }

  private start(shard: Shard): void {
    const early = parentsOf(shard).filter((id) => !this.isFinished(id) && !this.stream.isExpired(id));
    if (early.length > 0) this.problems.push(`${shard.shardId} started before ${early.join(', ')} ended`);
    this.starts.set(shard.shardId, (this.starts.get(shard.shardId) ?? 0) + 1);
  }

  private reportExpired(shardId: string): void {
    if (!this.stream.isExpired(shardId) || this.isFinished(shardId))
      this.problems.push(`${shardId} reported as expired`);
    this.reportedExpired.add(shardId);
  }
}
