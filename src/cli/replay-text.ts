/** What the command line says of replays. */
import type { FinishedReplay } from '../client/replay-handle';
import type { ReplayPreview } from '../client/replay-preview';
import type { ListedReplay } from '../client/replays-client';
import type { ReplayFailure, ReplayStatus } from '../core/replay';
import { describeCodes } from '../core/replay-details';
import { describeRange } from '../core/replay-range';
import { describeLag } from '../core/shard-details';

const LISTED_SHARDS = 10;
const LISTED_FAILURES = 20;

export interface PlannedReplay {
  readonly where: string;
  readonly dryRun: boolean;
  /** Whether this process does it. */
  readonly isWorked: boolean;
}

/** What a replay will do, before it is started. */
export function renderPlan(preview: ReplayPreview, { where, dryRun, isWorked }: PlannedReplay): string {
  const { range, shards, records, missing } = preview;
  const closed = shards.filter(({ isClosed }) => isClosed).length;
  const names = shards.slice(0, LISTED_SHARDS).map(({ shardId }) => shardId);
  const more = shards.length > LISTED_SHARDS ? ` and ${shards.length - LISTED_SHARDS} more` : '';
  const lines = [
    `${where}: ${dryRun ? 'dry run' : 'replay'} beside the live consumer`,
    `  Range    ${describeRange(range)}`,
    `  Shards   ${shards.length}, ${closed} of them closed: ${names.join(', ')}${more}`,
    `  Records  ${records === undefined ? 'not known: the history of the checkpoints does not reach it' : `about ${count(records)}`}`,
    `  Handler  of this file, run by ${isWorked ? 'this process' : 'the workers of the consumer'}`,
    `  Writes   ${dryRun ? NOTHING : AGAIN}`,
    ...(missing === undefined ? [] : [`  Missing  ${missing}`]),
  ];
  return lines.join('\n');
}

const NOTHING = 'nothing of Tidemark; the handler runs, and must heed context.dryRun where it writes by itself';
const AGAIN = 'what the handler writes, again, with the same idempotency keys; no checkpoint, no dead letters';

/** Beside the bar of a replay that runs. */
export function noteOfProgress({ records, recordsPerSecond, leftMs, failed, ...status }: ReplayStatus): string {
  const parts = [
    `${count(records)} records`,
    `${count(Math.round(recordsPerSecond))}/s`,
    leftMs !== undefined && `about ${describeLag(leftMs)} left`,
    `${status.shardsDone} of ${status.shards} shards done`,
    failed > 0 && `${failed} failed`,
  ];
  return parts.filter(Boolean).join(', ');
}

const ENDS = {
  done: '',
  stopped: ' It stopped at a record that failed.',
  tooManyFailures: ' It ended early: too many records have failed.',
  cancelled: ' It was cancelled.',
  terminated: ' Its workflow was terminated.',
} as const;

export function renderFinished(where: string, finished: FinishedReplay): string {
  const { records, filtered, failed, failedByCode, failures, shards, loss, end } = finished;
  const parts = [
    `${count(records - failed - filtered)} handled`,
    filtered > 0 && `${count(filtered)} filtered`,
    failed === 0 ? '0 failed' : `${count(failed)} failed (${describeCodes(failedByCode)})`,
  ];
  const lost = loss === undefined ? '' : ` Retention took what arrived until ${new Date(loss.toMs).toISOString()}.`;
  const head = `${where}: ${parts.filter(Boolean).join(', ')}; ${shards} shards.${lost}${ENDS[end]}`;
  return [head, ...renderFailures(failures, failed)].join('\n');
}

function renderFailures(failures: readonly ReplayFailure[], failed: number): string[] {
  const shown = failures.slice(0, LISTED_FAILURES);
  const lines = shown.map(
    ({ shardId, sequenceNumber, code, message }) => `  ${shardId} ${sequenceNumber} ${code}: ${message}`,
  );
  return failed > shown.length ? [...lines, `  and ${count(failed - shown.length)} more`] : lines;
}

export function renderStatus(where: string, status: ReplayStatus): string {
  const { id, end, percent, range, dryRun, by, reason, startedAtMs, failures, failed, lastError, worker } = status;
  return [
    `${where}: ${dryRun ? 'dry run' : 'replay'} ${id}, ${end ?? `${percent} %`}, ${noteOfProgress(status)}`,
    `  Range    ${describeRange(range)}`,
    `  Asked    by ${by} at ${new Date(startedAtMs).toISOString()}${reason === undefined ? '' : `: ${reason}`}`,
    ...(worker === undefined ? [] : [`  Worker   ${worker}`]),
    ...(lastError === undefined ? [] : [`  Error    ${lastError.code}: ${lastError.message}`]),
    ...renderFailures(failures, failed),
  ].join('\n');
}

export function renderList(replays: readonly ListedReplay[]): string {
  if (replays.length === 0) return 'No replays.';
  return replays
    .map(({ id, state, startedAt, what, by }) => [startedAt.toISOString(), id, state, what, by && `by ${by}`])
    .map((cells) => cells.filter(Boolean).join('  '))
    .join('\n');
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
