/** Public API of Tidemark. Workflows are a separate entry, `tidemark/workflows`, because they are bundled without Node. */
export {
  defineConsumer,
  type ConsumerDefinition,
  type ConsumerInput,
  type DeadLetterHook,
  type RecordTraceContext,
} from './handler/define-consumer';
export { eachRecord, type EachRecordOptions } from './handler/each-record';
export type {
  Batch,
  BatchHandler,
  HandlerContext,
  HandlerResult,
  PartialResult,
  RecordFailure,
  RecordFilter,
  RecordHandler,
  TransactResult,
} from './handler/handler';
export type { KinesisRecord } from './handler/record';
export { RecordRejectedError, type RejectionOptions } from './handler/record-rejected-error';
export type { StandardSchema, ValidationIssue, ValidationResult } from './handler/standard-schema';
export {
  aggregate,
  type AggregateEntry,
  type AggregateOptions,
  type ListedShard,
  type RecordToPut,
} from './kinesis/aggregate';
export type { FailureOptions } from './core/failure-options';
export type { FanOutOptions } from './core/fan-out-options';
export type { AwsCredentials, AwsOptions, ConsumerOptions, StartFrom } from './core/options';
export type {
  DeadLetter,
  DeadLetterCondition,
  DeadLetterError,
  DeadLetterHead,
  DeadLetterKey,
  DeadLetterStatus,
} from './core/dead-letter';
export type { TraceCarrier } from './tracing/carrier';
export type { ResolvedOptions } from './core/resolve-options';
export { TidemarkError, type ErrorCode } from './core/errors';
export type { Position } from './core/positions';
export { createWorker, type TidemarkWorker, type WorkerOptions } from './worker/create-worker';
export { metricsExporter, type MetricsOptions } from './worker/telemetry';
export { createActivities } from './worker/activities';
export { workflowsPath } from './worker/workflow-source';
export { TidemarkClient } from './client/tidemark-client';
export type { StartedConsumer, StartOptions } from './client/start-consumer';
export type { DiffSelection, HistorySelection, ShardAudit } from './client/checkpoint-history';
export type { Audit, AuditFinding, HistoryEntry } from './core/history';
export type { HistoryDiff, HistoryMove, Revision } from './core/history-diff';
export type { ControlledConsumer, PauseOptions, ResumeOptions } from './client/pause-consumer';
export type { MoveQuery } from './client/move-query';
export type { MovedShard, MoveOrder } from './client/send-moves';
export type { RestorePointOptions, RestorePointsClient } from './client/restore-points-client';
export type { IncompletePoint } from './checkpoints/restore-point-items';
export type { RestorePoint } from './checkpoints/restore-points';
export type { MovePreview } from './client/move-preview';
export type { MoveKind, MoveNote, Pause } from './core/control';
export type { OrderedShard, RetryParkedOptions, SkipParkedOptions } from './client/parked-orders';
export type { ConsumerName, StopOptions, StoppedConsumer } from './client/stop-consumer';
export type { ConsumerReport, ShardReport } from './client/consumer-status';
export type { BackupsClient, ExportOptions, ImportOptions } from './client/backups-client';
export type { ImportedHistory } from './client/export-history';
export type { KclOptions } from './client/kcl-backup';
export type { ImportPlan, ImportResult } from './client/import-consumer';
export type { RepairPlan, RepairResult } from './client/repair-consumer';
export type { Backup } from './core/backup';
export type { DeadLettersClient, RedriveOptions } from './client/dead-letters-client';
export type { DeadLetterListing, DeadLetterSelection, DiscardOptions } from './client/dead-letter-table';
export type { DiscardedLetters, LetterDecision } from './client/dead-letters-store';
export type { FinishedRedrive, RedriveHandle } from './client/redrive-handle';
export type { ListedReplay, ReplayOptions, ReplaysClient } from './client/replays-client';
export type { FinishedReplay, ReplayHandle } from './client/replay-handle';
export type { ReplayPreview, ReplayQuery } from './client/replay-preview';
export type { ReplayFailure, ReplayStatus } from './core/replay';
export type { ReplayEnd, ReplayRange, ReplayStart } from './core/replay-range';
export type { RedriveCounts, RedriveFilter, RedriveStatus } from './core/redrive';
export type { DeadLetterCounts, DeadLetterFilter } from './dead-letters/dead-letter-store';
export type { TemporalOptions } from './temporal/connect';
