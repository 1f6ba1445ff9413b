import { channel } from 'node:diagnostics_channel';
import type { CheckpointState, Writer } from '../core/checkpoint';
import type { ShardIdentity } from '../core/names';
import type { Position } from '../core/positions';

/** Published on `tidemark:committed` after DynamoDB has confirmed a commit. */
export interface CommittedMessage {
  readonly shard: ShardIdentity;
  readonly writer: Writer;
  readonly from: Position;
  readonly checkpoint: CheckpointState;
  readonly previousToken: string;
  readonly records: number;
}

/** Published on `tidemark:fenced` when a commit or claim was refused because another execution has moved the checkpoint. */
export interface FencedMessage {
  readonly shard: ShardIdentity;
  readonly writer: Writer;
}

/** `node:diagnostics_channel` channels: they cost nothing while nobody listens. */
export const committedChannel = channel('tidemark:committed');
export const fencedChannel = channel('tidemark:fenced');
