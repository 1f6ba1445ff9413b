import type { MoveKind } from '../core/control';
import type { Position } from '../core/positions';

export interface MoveQuery {
  readonly kind: MoveKind;
  /** Only this shard. Default: all shards that run. Needed for a sequence number: it is of one shard. */
  readonly shardId?: string;
  /** Where to; not for an undo. A function gives each shard its own, or leaves it out with undefined. */
  readonly to?: Position | ((shardId: string) => Position | undefined);
  /**
   * How long to wait for each shard until a worker tells where it stands, in milliseconds.
   * @default 60000
   */
  readonly timeoutMs?: number;
}
