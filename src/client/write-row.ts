import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CheckpointStore, CheckpointWrite } from '../checkpoints/checkpoint-store';
import type { BackupCheckpoint } from '../core/backup';
import { judgeRefusal } from '../core/commit-protocol';
import { TidemarkError } from '../core/errors';
import { shardWorkflowId, type ShardIdentity } from '../core/names';
import { backoffMs, WRITE_BACKOFF } from '../core/pacing';

/** About half a minute of an outage is borne. */
const MAX_TRIES = 10;

export interface RowToWrite {
  readonly shard: ShardIdentity;
  readonly parentShardIds: readonly string[];
  readonly checkpoint: BackupCheckpoint;
  /** Token of the row that was read; left out to create the row. */
  readonly ifToken?: string;
  /** What writes it, for diagnosis: `import`, `repair`. */
  readonly writer: string;
}

/**
 * Writes a row that a person asked for: with a fresh token, and only over what was seen. Sent again, byte for byte, until it is decided.
 * False if the row is not what was seen.
 */
export async function writeRow(
  store: CheckpointStore,
  { shard, parentShardIds, checkpoint, ifToken, writer }: RowToWrite,
): Promise<boolean> {
  const { position, generation, rewindId, fence, ...facts } = checkpoint;
  const optional = { ...(rewindId === undefined ? {} : { rewindId }), ...(fence === undefined ? {} : { fence }) };
  const write: CheckpointWrite = {
    shard,
    condition: ifToken === undefined ? { absent: true } : { token: ifToken },
    next: { position, generation, token: randomUUID(), ...optional },
    facts,
    // No run of a workflow has this id, so no claim takes the row for a later one of its own run.
    writer: { runId: writer, activityId: writer, activitySeq: 0, attempt: 0 },
    workflowId: shardWorkflowId(shard),
    parentShardIds,
  };
  const answer = await untilDecided(() => store.write(write));
  if (answer.kind !== 'refused') return answer.kind === 'written';
  return judgeRefusal(answer.row, write.next.token) === 'ownLostReply';
}

/** Repeats a call, the same each time, while it stays undecided. */
export async function untilDecided<T>(call: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof TidemarkError) || !error.retryable || tries === MAX_TRIES) throw error;
      await sleep(backoffMs(WRITE_BACKOFF, tries, Math.random()));
    }
  }
}
