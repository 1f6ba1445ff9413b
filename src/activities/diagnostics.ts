import { channel } from 'node:diagnostics_channel';
import type { CheckpointState, Writer } from '../core/checkpoint';
import type { ShardIdentity } from '../core/names';
import type { Position } from '../core/positions';

/** Published on `tidemark:claimed` after DynamoDB has confirmed that an execution has taken a checkpoint. */
export interface ClaimedMessage {
  readonly shard: ShardIdentity;
  readonly writer: Writer;
  readonly checkpoint: CheckpointState;
  /** Token of the row that was taken over; null where the row was created. */
  readonly previousToken: string | null;
  /** `process.hrtime.bigint()` before the write was sent. */
  readonly sentAtNs: bigint;
}

/** Published on `tidemark:committed` after DynamoDB has confirmed a commit. */
export interface CommittedMessage {
  readonly shard: ShardIdentity;
  readonly writer: Writer;
  readonly from: Position;
  readonly checkpoint: CheckpointState;
  readonly previousToken: string;
  readonly records: number;
  /** `process.hrtime.bigint()` before the write was first sent. */
  readonly sentAtNs: bigint;
}

/** Published on `tidemark:fenced` when a commit or claim was refused because another execution has moved the checkpoint. */
export interface FencedMessage {
  readonly shard: ShardIdentity;
  readonly writer: Writer;
}

/** `node:diagnostics_channel` channels: they cost nothing while nobody listens. */
export const claimedChannel = channel('tidemark:claimed');
export const committedChannel = channel('tidemark:committed');
export const fencedChannel = channel('tidemark:fenced');
