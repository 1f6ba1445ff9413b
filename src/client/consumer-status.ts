import type { Client } from '@temporalio/client';
import type { CheckpointStore } from '../checkpoints/checkpoint-store';
import { codeOf, errorCodes, isErrorCode } from '../core/errors';
import { mapConcurrently } from '../core/map-concurrently';
import { messageNames, shardWorkflowId, streamWorkflowId, type StreamIncarnation } from '../core/names';
import { compareCheckpoints } from '../core/commit-protocol';
import type { CheckpointRow, Totals } from '../core/checkpoint';
import type { MoveNote, Pause } from '../core/control';
import { streakAt, type FailureStreak } from '../core/failure-policy';
import { useSince, type RetentionUse, type RetentionView } from '../core/retention-clock';
import type { Position } from '../core/positions';
import type { Halt } from '../core/halt';
import type { ErrorNote, ShardEvent, ShardPhase, ShardStatus, SyncResult } from '../core/shard-work';
import { readClosingFailure, readPendingActivity, type PendingActivity } from './pending-activity';

const QUERIES_AT_A_TIME = 16;
const QUERY_TIMEOUT_MS = 4_000;

/** Where one shard stands, put together from its workflow and its checkpoint. Times are epoch milliseconds. */
export interface ShardReport {
  readonly shardId: string;
  readonly workflowId: string;
  /** `WAITING`: its parents are not finished. `NOT_RUNNING`: it should be read, but no workflow runs. */
  readonly state: ShardPhase | 'WAITING' | 'NOT_RUNNING' | 'NO_WORKER';
  /** Unknown where neither a worker nor the checkpoint table was asked or answered. */
  readonly position?: Position;
  /** Lag that Kinesis reported with the last fetch, milliseconds. */
  readonly millisBehindLatest?: number;
  readonly committedAtMs?: number;
  /** Records committed so far; 0 also where the position is unknown. */
  readonly records: number;
  /** All counts, filtered records and dead letters among them. Unknown where the position is. */
  readonly totals?: Totals;
  /** Number of partition keys that are parked. */
  readonly parkedKeys?: number;
  /** Failures of the current batch, or attempts of the current activity, in a row. */
  readonly failures: number;
  readonly lastError?: ErrorNote & { readonly hint: string };
  /** Records that have failed, and how far the search for the one that fails is. As the workflow tells it, like the next two. */
  readonly streak?: FailureStreak;
  /** Why a parked shard waits, and since when. */
  readonly halt?: Halt;
  /** How much of retention the oldest record that may be unhandled has used, as far as is known; a shard at risk is soon to lose records. */
  readonly retention?: RetentionUse;
  /** Why it is paused, by whom and until when. */
  readonly pause?: Pause;
  /** The last rewind, skip or undo. */
  readonly lastMove?: MoveNote;
  /** The last steps of the failure policy and other events, oldest first; at most 10. */
  readonly recentEvents?: readonly ShardEvent[];
  readonly worker?: string;
}

export interface ConsumerReport {
  readonly consumer: string;
  readonly streamName: string;
  readonly streamArn: string;
  readonly createdAtMs: number;
  /** State of the stream workflow as Temporal names it (`RUNNING`, `FAILED` …), or `NOT_STARTED`. */
  readonly state: string;
  readonly lastSync?: SyncResult;
  readonly shards: readonly ShardReport[];
}

/** Status of the shards that a consumer has recorded. `store` is left out where only Temporal is at hand. */
export interface ShardsToReport {
  readonly shardId: string;
  /** Its position while it has no checkpoint; left out where only Temporal is at hand. */
  readonly start?: Position;
}

export async function reportShards(
  client: Client,
  stream: StreamIncarnation,
  shards: readonly ShardsToReport[],
  store: CheckpointStore | undefined,
): Promise<ShardReport[]> {
  const rows = store ? await store.readMany(shards.map(({ shardId }) => ({ ...stream, shardId }))) : [];
  return mapConcurrently([...shards.entries()], QUERIES_AT_A_TIME, ([index, shard]) =>
    reportShard(client, stream, shard, rows[index]),
  );
}

async function reportShard(
  client: Client,
  stream: StreamIncarnation,
  shard: ShardsToReport,
  row: CheckpointRow | undefined,
): Promise<ShardReport> {
  const workflowId = shardWorkflowId({ ...stream, shardId: shard.shardId });
  const fromRow: FromRow = { shardId: shard.shardId, workflowId, ...factsOf(row, shard.start) };
  if (row?.position.at === 'SHARD_END') return { ...fromRow, state: 'FINISHED' };
  const pending = await readPendingActivity(client, workflowId);
  if (pending === undefined) return { ...fromRow, state: row ? 'NOT_RUNNING' : 'WAITING' };
  if (pending.workflowState !== 'RUNNING') {
    const state = closedState(pending.workflowState);
    const failure = state === 'FAILED' ? await readClosingFailure(client, workflowId) : undefined;
    return { ...fromRow, state, lastError: withHint(failure) };
  }
  const status = await queryShard(client, workflowId);
  if (status === undefined) return { ...fromRow, state: 'NO_WORKER', lastError: withHint(pending.failure) };
  return combine(fromRow, row, status, pending);
}

type FromRow = Omit<ShardReport, 'state'>;

function factsOf(row: CheckpointRow | undefined, start: Position | undefined): Omit<FromRow, 'shardId' | 'workflowId'> {
  if (row === undefined) return { position: start, records: 0, failures: 0 };
  const { position, millisBehindLatest, committedAtMs, totals, parkedKeys } = row;
  return { position, millisBehindLatest, committedAtMs, records: totals.records, totals, parkedKeys, failures: 0 };
}

function combine(
  fromRow: FromRow,
  row: CheckpointRow | undefined,
  status: ShardStatus,
  pending: PendingActivity,
): ShardReport {
  const lead = row === undefined ? -1 : compareCheckpoints(row, status);
  const { phase, failures, streak, lastError } = row !== undefined && lead > 0 ? troubleAhead(row, status) : status;
  const isRetrying = pending.isBackingOff || pending.waitingFor !== undefined;
  return {
    ...fromRow,
    ...(lead >= 0 ? {} : factsOfStatus(status)),
    state: phaseOf(phase, lead >= 0, isRetrying),
    failures: Math.max(failures, pending.attempt - 1),
    lastError: withHint(pending.failure ?? lastError),
    streak,
    halt: status.halt,
    ...(status.retention ? { retention: retentionNow(status, status.retention, row) } : {}),
    pause: status.pause,
    lastMove: status.lastMove,
    recentEvents: status.recentEvents,
    worker: pending.worker ?? status.worker,
  };
}

function factsOfStatus({ position, progress }: ShardStatus): Partial<FromRow> {
  const { totals, parkedKeys, committedAtMs, millisBehindLatest } = progress;
  return { position, records: totals.records, totals, parkedKeys, committedAtMs, millisBehindLatest };
}

/** What the workflow has heard last, with what the row knows since. */
function retentionNow({ progress }: ShardStatus, view: RetentionView, row: CheckpointRow | undefined): RetentionUse {
  const latest = (key: 'lastArrivalMs' | 'caughtUpAtMs'): number => Math.max(progress[key] ?? 0, row?.[key] ?? 0);
  return useSince(view, { lastArrivalMs: latest('lastArrivalMs'), caughtUpAtMs: latest('caughtUpAtMs') }, Date.now());
}

type Trouble = Pick<ShardStatus, 'phase' | 'failures' | 'streak' | 'lastError'>;

/** Where the slice under way has got beyond what its workflow knows, the row says what is still under suspicion. */
function troubleAhead(
  { trial, position }: CheckpointRow,
  { phase, failures, streak, lastError }: ShardStatus,
): Trouble {
  if (streak === undefined) return { phase, failures, lastError };
  const left = streakAt(trial?.streak, position);
  if (left === undefined) return { phase: phase === 'RETRYING' ? 'READING' : phase, failures: 0 };
  return { phase, failures: left.failures, streak: left, lastError };
}

/** A workflow hears of the first slice only when it is over; the row tells earlier that reading goes on. */
function phaseOf(told: ShardPhase, isRowAhead: boolean, isRetrying: boolean): ShardPhase {
  const phase = told === 'STARTING' && isRowAhead ? 'READING' : told;
  return isRetrying && phase === 'READING' ? 'RETRYING' : phase;
}

function closedState(workflowState: string): ShardReport['state'] {
  if (workflowState === 'FAILED') return 'FAILED';
  return workflowState === 'COMPLETED' ? 'STOPPED' : 'NOT_RUNNING';
}

function withHint(note: ErrorNote | undefined): (ErrorNote & { hint: string }) | undefined {
  // A worker of a newer version may name a code that this one does not know.
  return note && { ...note, hint: errorCodes[isErrorCode(note.code) ? note.code : 'INTERNAL'].hint };
}

/** Undefined if no worker answers in time. */
export async function queryShard(client: Client, workflowId: string): Promise<ShardStatus | undefined> {
  try {
    return await client.withDeadline(Date.now() + QUERY_TIMEOUT_MS, () =>
      client.workflow.getHandle(workflowId).query<ShardStatus>(messageNames.shardStatus),
    );
  } catch (error) {
    if (codeOf(error)) throw error;
    return undefined;
  }
}

/** The stream workflow's state and last listing. */
export async function reportStream(
  client: Client,
  stream: StreamIncarnation,
): Promise<Pick<ConsumerReport, 'state' | 'lastSync'>> {
  const workflowId = streamWorkflowId(stream);
  const pending = await readPendingActivity(client, workflowId);
  if (pending === undefined) return { state: 'NOT_STARTED' };
  if (pending.workflowState !== 'RUNNING') return { state: pending.workflowState };
  try {
    const status = await client.withDeadline(Date.now() + QUERY_TIMEOUT_MS, () =>
      client.workflow.getHandle(workflowId).query<{ lastSync?: SyncResult }>(messageNames.streamStatus),
    );
    return { state: 'RUNNING', lastSync: status.lastSync };
  } catch {
    return { state: 'RUNNING' };
  }
}
