import { auditHistory, type Audit, type HistoryEntry } from '../core/history';
import { diffHistory, type HistoryDiff } from '../core/history-diff';
import { mapConcurrently } from '../core/map-concurrently';
import { IDLE_HISTORY_INTERVAL_MS } from '../core/idle-slice';
import type { ConsumerDefinition } from '../handler/define-consumer';
import { incarnationOf } from './dead-letter-table';
import { withServices } from './with-services';

export interface HistorySelection {
  readonly shardId: string;
  /** Entries of this time and later, epoch milliseconds. */
  readonly fromMs?: number;
  readonly toMs?: number;
  /** At most so many, the latest ones. */
  readonly limit?: number;
}

/** Two entries of a history by their ids, in any order. */
export interface DiffSelection extends Omit<HistorySelection, 'limit'> {
  readonly from: string;
  readonly to: string;
}

export interface ShardAudit extends Audit {
  readonly shardId: string;
}

const AT_A_TIME = 8;

/** Entries of the history of one shard's checkpoint, oldest first. */
export function readHistory(
  consumer: ConsumerDefinition,
  { shardId, ...query }: HistorySelection,
): Promise<HistoryEntry[]> {
  return withServices(consumer, async (services) => {
    const stream = await incarnationOf(consumer, services);
    return services.history.list({ ...stream, shardId }, query);
  });
}

/** @throws `INVALID_OPTION` for an entry that is not there */
export async function readDiff(
  consumer: ConsumerDefinition,
  { from, to, ...selection }: DiffSelection,
): Promise<HistoryDiff> {
  return diffHistory(await readHistory(consumer, selection), from, to);
}

/** Whether every position of every shard is accounted for, as far back as the history goes. */
export function auditShards(consumer: ConsumerDefinition, shardId?: string): Promise<ShardAudit[]> {
  const { historyIntervalMs, historyTtlMs, handlerTimeoutMs } = consumer.options;
  // An idle slice takes some minutes; the last batch of a slice may take all that a handler may.
  const sliceMs = 2 * (Math.max(historyIntervalMs, IDLE_HISTORY_INTERVAL_MS.quiet) + handlerTimeoutMs);
  return withServices(consumer, async (services) => {
    const stream = await incarnationOf(consumer, services);
    const known = await services.store.listKnownShards(stream);
    const shardIds = shardId === undefined ? known.map((shard) => shard.shardId) : [shardId];
    return mapConcurrently(shardIds, AT_A_TIME, async (id) => {
      const shard = { ...stream, shardId: id };
      // The row first: what is committed after this look is not missing from the history.
      const row = await services.store.read(shard);
      const limits = { nowMs: Date.now(), ttlMs: historyTtlMs, sliceMs };
      return { shardId: id, ...auditHistory(await services.history.list(shard), row, limits) };
    });
  });
}
