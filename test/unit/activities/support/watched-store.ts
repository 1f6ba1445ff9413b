import type { CheckpointWrite, WriteAnswer } from '../../../../src/checkpoints/checkpoint-store';
import { MemoryCheckpointStore } from '../../../../src/checkpoints/memory-store';
import type { CheckpointRow } from '../../../../src/core/checkpoint';
import { checkpointKey, type ShardIdentity } from '../../../../src/core/names';

/** Checkpoints in memory that note each call, and let a test meddle before and after a write. */
export class WatchedStore extends MemoryCheckpointStore {
  readonly writes: CheckpointWrite[] = [];
  reads = 0;
  /** May throw: then nothing is written. */
  beforeWrite: (write: CheckpointWrite) => void | Promise<void> = () => undefined;
  /** May throw: then it is written, and the answer is lost. */
  afterWrite: (write: CheckpointWrite) => void | Promise<void> = () => undefined;

  override async read(shard: ShardIdentity): Promise<CheckpointRow | undefined> {
    this.reads += 1;
    return super.read(shard);
  }

  override async write(write: CheckpointWrite): Promise<WriteAnswer> {
    this.writes.push(write);
    await this.beforeWrite(write);
    const answer = await super.write(write);
    await this.afterWrite(write);
    return answer;
  }

  rowOf(shard: ShardIdentity): CheckpointRow {
    const row = this.rows.get(checkpointKey(shard).pk);
    if (!row) throw new Error('There is no checkpoint row');
    return row;
  }

  change(shard: ShardIdentity, change: Partial<CheckpointRow>): void {
    this.rows.set(checkpointKey(shard).pk, { ...this.rowOf(shard), ...change });
  }
}
