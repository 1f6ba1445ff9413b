import type { ResolvedOptions } from './resolve-options';
import type { Timing } from './shard-work';

/** The part of the options that workflows obey. */
export function timingOf({ heartbeatTimeoutMs, shardSyncIntervalMs }: ResolvedOptions): Timing {
  return { heartbeatTimeoutMs, shardSyncIntervalMs };
}
