import { DEFAULT_TABLE_NAME } from './names';
import type { ConsumerOptions } from './options';

/** The only place where a default exists. */
export const defaultConsumerOptions = {
  maxBatchRecords: 2_000,
  maxBatchBytes: 5 * 1_024 * 1_024,
  maxBatchWaitMs: 0,
  pollIntervalMs: 250,
  idlePollIntervalMs: 1_000,
  historyIntervalMs: 10_000,
  shardSyncIntervalMs: 60_000,
  heartbeatTimeoutMs: 10_000,
  handlerTimeoutMs: 300_000,
  historyTtlMs: 2_592_000_000,
  dataLossWarningPercent: 50,
  tableName: DEFAULT_TABLE_NAME,
  errorDetail: 'code',
  onDataLoss: 'continue',
  isolation: 'inline',
  openAggregates: true,
  wire: 'auto',
} as const satisfies Partial<ConsumerOptions>;

/** Smallest and largest value of each whole-number option. */
export const optionRanges = {
  maxBatchRecords: [1, 10_000],
  maxBatchBytes: [1_024, 64 * 1_024 * 1_024],
  maxBatchWaitMs: [0, 60_000],
  pollIntervalMs: [200, 60_000],
  idlePollIntervalMs: [200, 60_000],
  historyIntervalMs: [0, 3_600_000],
  shardSyncIntervalMs: [1_000, 3_600_000],
  heartbeatTimeoutMs: [2_000, 600_000],
  handlerTimeoutMs: [100, 86_400_000],
  historyTtlMs: [60_000, 315_360_000_000],
  dataLossWarningPercent: [1, 99],
} as const satisfies Partial<Record<keyof ConsumerOptions, readonly [number, number]>>;

export const DEAD_LETTER_TTL_RANGE = [60_000, 315_360_000_000] as const;
