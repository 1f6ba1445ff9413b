/** A range of a stream is handled again beside the live consumer: what crosses the border of its workflow, and its state. Never a record. */
import type { ControlRequest } from './control';
import type { ErrorCode } from './errors';
import type { StreamIncarnation } from './names';
import type { Position } from './positions';
import type { DataLoss } from './read-start';
import { paceOf, shareOfAll, shareOfSpan, withMark, type PaceMark, type ReplaySpan } from './replay-pace';
import type { ReplayRange } from './replay-range';
import type { ErrorNote, Timing } from './shard-work';

/** A replay as it was asked for. */
export interface ReplayRequest extends ControlRequest {
  readonly id: string;
  readonly stream: StreamIncarnation;
  readonly range: ReplayRange;
  /** What progress is measured by. */
  readonly span: ReplaySpan;
  /** Only this shard, without its children. Left out: all shards of the stream. */
  readonly shardId?: string;
  /** Nothing is written for it: neither effects nor dead letters. */
  readonly dryRun: boolean;
  /** What follows a record that has failed for good. */
  readonly onFailure: 'continue' | 'stop';
  readonly startedAtMs: number;
}

export interface PlannedShard {
  readonly shardId: string;
  /** Those among the planned shards: they are handled before. */
  readonly parentShardIds: readonly string[];
}

/** Input of the activity `planReplay`. */
export type PlanReplayInput = Pick<ReplayRequest, 'stream' | 'shardId'>;

/** Result of the activity `planReplay`: parents before children. */
export interface PlanReplayResult {
  readonly shards: readonly PlannedShard[];
  readonly timing: Timing;
}

/** How far one shard is. */
export interface ShardReplay {
  /** Left out before the first record. */
  readonly position?: Position;
  /** Of the last record, epoch milliseconds. */
  readonly lastArrivalMs?: number;
  /** Most records that are run together, after an execution has died. */
  readonly width?: number;
}

export interface ReplayCounts {
  /** Records of the range that the filter, the schema or the handler has seen. */
  readonly records: number;
  readonly filtered: number;
  readonly failed: number;
}

/** A record that has failed for good. */
export interface ReplayFailure {
  readonly shardId: string;
  readonly sequenceNumber: string;
  readonly code: ErrorCode;
  readonly message: string;
  readonly attempts: number;
}

export type FailedByCode = Readonly<Partial<Record<ErrorCode, number>>>;

/** What a slice has added. */
export interface ReplayGain {
  readonly counts: ReplayCounts;
  readonly byCode: FailedByCode;
  /** The first ones. */
  readonly failures: readonly ReplayFailure[];
  /** Retention took these before they were read. */
  readonly loss?: DataLoss;
}

/** Input of the activity `replayShard`. */
export interface ReplaySliceInput {
  readonly request: ReplayRequest;
  readonly shardId: string;
  readonly shard: ShardReplay;
  /** How many failed records before it is enough: the replay ends then. */
  readonly failuresLeft: number;
}

/** Result of the activity `replayShard`. `failed`: a record has failed, and that ends the replay. */
export interface ReplaySliceResult extends ReplayGain {
  readonly end: 'interval' | 'cancelled' | 'handOver' | 'rangeEnd' | 'failed';
  readonly shard: ShardReplay;
  readonly timing: Timing;
  readonly worker: string;
}

/** How a replay ends. `stopped`: a record failed, and that was to end it. `tooManyFailures`: see `MAX_FAILURES`. */
export type ReplayEnding = 'done' | 'stopped' | 'tooManyFailures';

/** A replay that is not a dry run ends at so many failed records: its handler, or what it writes to, is broken. */
export const MAX_FAILURES = 1_000;
/** Failed records that are listed; the others are counted. Bounds what goes through Temporal's history. */
export const MAX_LISTED_FAILURES = 100;

/** Input of the replay workflow; `carried` only after continue-as-new. */
export interface ReplayWorkflowInput extends ReplayRequest {
  readonly timing: Timing;
  readonly searchAttributes: boolean;
  /** Most shards that are read at the same time. */
  readonly parallel: number;
  /** Continue as new at this many history events instead of when the server suggests it. For tests. */
  readonly maxHistoryEvents?: number;
  readonly carried?: ReplayState;
}

/** The workflow's state between slices. */
export interface ReplayState extends ReplayGain {
  readonly timing: Timing;
  /** Shards that are not done, parents first; undefined until they are planned. */
  readonly left?: readonly PlannedShard[];
  /** Of the shards that have begun and are not done. */
  readonly begun: Readonly<Record<string, ShardReplay>>;
  readonly total: number;
  readonly marks: readonly PaceMark[];
  readonly slices: number;
  readonly worker?: string;
  readonly end?: ReplayEnding;
  readonly lastError?: ErrorNote;
}

export const NO_REPLAY_COUNTS: ReplayCounts = { records: 0, filtered: 0, failed: 0 };
export const NO_GAIN: ReplayGain = { counts: NO_REPLAY_COUNTS, byCode: {}, failures: [] };

export interface ReplayOutcome extends ReplayCounts {
  readonly end: ReplayEnding;
  readonly failedByCode: FailedByCode;
  readonly failures: readonly ReplayFailure[];
  readonly shards: number;
  readonly loss?: DataLoss;
}

/** Answer of the replay's status query. Times are epoch milliseconds. */
export interface ReplayStatus extends Omit<ReplayOutcome, 'end'> {
  readonly id: string;
  readonly done: boolean;
  readonly end?: ReplayEnding;
  readonly dryRun: boolean;
  readonly range: ReplayRange;
  readonly shardId?: string;
  readonly by: string;
  readonly reason?: string;
  readonly startedAtMs: number;
  /** False until its shards are known. */
  readonly isPlanned: boolean;
  readonly shardsDone: number;
  readonly shardsRunning: number;
  /** From 0 to 100, by the time that lies behind in each shard. */
  readonly percent: number;
  readonly recordsPerSecond: number;
  /** Estimate; left out while nothing moves. */
  readonly leftMs?: number;
  readonly worker?: string;
  readonly lastError?: ErrorNote;
}

export function initialReplayState({ carried, timing }: ReplayWorkflowInput): ReplayState {
  return carried ?? { ...NO_GAIN, timing, begun: {}, total: 0, marks: [], slices: 0 };
}

export function foldPlan(state: ReplayState, { shards, timing }: PlanReplayResult, atMs: number): ReplayState {
  const end = shards.length === 0 ? { end: 'done' as const } : {};
  return { ...state, timing, left: shards, total: shards.length, marks: [{ atMs, records: 0, share: 0 }], ...end };
}

/** Shards that may begin or go on now: their parents are done, and they are not under way. */
export function readyShards(left: readonly PlannedShard[], running: ReadonlySet<string>, parallel: number): string[] {
  const waiting = new Set(left.map(({ shardId }) => shardId));
  const ready = left.filter(
    ({ shardId, parentShardIds }) => !running.has(shardId) && !parentShardIds.some((parent) => waiting.has(parent)),
  );
  return ready.slice(0, Math.max(0, parallel - running.size)).map(({ shardId }) => shardId);
}

export interface FoldReplay {
  readonly request: ReplayRequest;
  readonly shardId: string;
  readonly atMs: number;
}

export function foldReplaySlice(
  state: ReplayState,
  result: ReplaySliceResult,
  { request, shardId, atMs }: FoldReplay,
): ReplayState {
  const isDone = result.end === 'rangeEnd';
  const { [shardId]: _before, ...others } = state.begun;
  const begun = isDone ? others : { ...others, [shardId]: result.shard };
  const left = (state.left ?? []).filter((shard) => !isDone || shard.shardId !== shardId);
  const { timing, worker } = result;
  const next = { ...state, ...addGain(state, result), timing, worker, begun, left, slices: state.slices + 1 };
  const share = shareOf(next, request.span);
  const end = state.end ?? endOf(next, request, result);
  return {
    ...next,
    marks: withMark(state.marks, { atMs, records: next.counts.records, share }),
    ...(end === undefined ? {} : { end }),
  };
}

function endOf(
  { left = [], counts }: Pick<ReplayState, 'left' | 'counts'>,
  { dryRun, onFailure }: ReplayRequest,
  { end }: ReplaySliceResult,
): ReplayEnding | undefined {
  if (end === 'failed') return onFailure === 'stop' ? 'stopped' : 'tooManyFailures';
  if (!dryRun && counts.failed >= MAX_FAILURES) return 'tooManyFailures';
  return left.length === 0 ? 'done' : undefined;
}

/** How many records may fail until the replay ends; never of a dry run, which goes through to its end. */
export function failuresLeft({ counts }: ReplayState, { dryRun, onFailure }: ReplayRequest): number {
  if (onFailure === 'stop') return 1;
  return dryRun ? Number.MAX_SAFE_INTEGER : Math.max(1, MAX_FAILURES - counts.failed);
}

export function addGain(before: ReplayGain, more: ReplayGain): ReplayGain {
  const loss = more.loss ?? before.loss;
  return {
    counts: {
      records: before.counts.records + more.counts.records,
      filtered: before.counts.filtered + more.counts.filtered,
      failed: before.counts.failed + more.counts.failed,
    },
    byCode: addCodes(before.byCode, more.byCode),
    failures: [...before.failures, ...more.failures].slice(0, MAX_LISTED_FAILURES),
    ...(loss === undefined ? {} : { loss }),
  };
}

function addCodes(before: FailedByCode, more: FailedByCode): FailedByCode {
  const sum: Partial<Record<ErrorCode, number>> = { ...before };
  for (const [code, count] of Object.entries(more) as [ErrorCode, number][]) sum[code] = (sum[code] ?? 0) + count;
  return sum;
}

function shareOf({ total, left, begun }: Pick<ReplayState, 'total' | 'left' | 'begun'>, span: ReplaySpan): number {
  const shares = Object.values(begun).map(({ lastArrivalMs }) => shareOfSpan(span, lastArrivalMs));
  return shareOfAll(total, total - (left?.length ?? total), shares);
}

export function outcomeOfReplay(state: ReplayState): Omit<ReplayOutcome, 'end'> {
  const { counts, byCode, failures, total, loss } = state;
  return { ...counts, failedByCode: byCode, failures, shards: total, ...(loss === undefined ? {} : { loss }) };
}

export function replayStatusOf(request: ReplayRequest, state: ReplayState, shardsRunning: number): ReplayStatus {
  const { id, by, reason, dryRun, range, shardId, startedAtMs, span } = request;
  const { end, worker, lastError, left, total } = state;
  const pace = paceOf(state.marks);
  return {
    ...outcomeOfReplay(state),
    id,
    by,
    dryRun,
    range,
    startedAtMs,
    done: end !== undefined,
    isPlanned: left !== undefined,
    shardsDone: total - (left?.length ?? total),
    shardsRunning,
    percent: end === 'done' ? 100 : Math.floor(1_000 * shareOf(state, span)) / 10,
    ...(end === undefined ? pace : { recordsPerSecond: pace.recordsPerSecond }),
    ...(end === undefined ? {} : { end }),
    ...(reason === undefined ? {} : { reason }),
    ...(shardId === undefined ? {} : { shardId }),
    ...(worker === undefined ? {} : { worker }),
    ...(lastError === undefined ? {} : { lastError }),
  };
}
