import { describeLag } from './shard-details';
import type { FailedByCode, ReplayRequest, ReplayStatus } from './replay';
import { describeRange } from './replay-range';

/** Current details of a replay workflow in Temporal's Web UI, Markdown. */
export function describeReplay(status: ReplayStatus): string {
  const { by, reason, end, lastError, worker, records, failed, filtered, loss } = status;
  const rows: [string, string | undefined][] = [
    ['State', end === undefined ? `${status.percent} %${describeLeft(status)}` : ENDS[end]],
    ['Range', describeRange(status.range)],
    ['Shards', describeShards(status)],
    ['Records', `${records}, ${Math.round(status.recordsPerSecond)} a second`],
    ['Filtered', filtered === 0 ? undefined : String(filtered)],
    ['Failed', failed === 0 ? undefined : `${failed} (${describeCodes(status.failedByCode)})`],
    ['Lost', loss && `retention took what arrived from ${isoOf(loss.fromMs)} to ${isoOf(loss.toMs)}`],
    ['Dry run', status.dryRun ? 'nothing is written' : undefined],
    ['Asked for', `by ${by} at ${isoOf(status.startedAtMs)}${reason === undefined ? '' : `: ${reason}`}`],
    ['Worker', worker === undefined ? undefined : `\`${worker}\``],
    ['Last error', lastError && `\`${lastError.code}\` at ${isoOf(lastError.atMs)}: ${lastError.message}`],
  ];
  return rows.flatMap(([name, value]) => (value === undefined ? [] : [`- **${name}**: ${value}`])).join('\n');
}

const ENDS = {
  done: '**done**',
  stopped: '**stopped**: a record has failed',
  tooManyFailures: '**ended early**: too many records have failed',
} as const;

function describeShards({ isPlanned, shards, shardsDone, shardsRunning }: ReplayStatus): string {
  return isPlanned ? `${shardsDone} of ${shards} done, ${shardsRunning} being read` : 'being listed';
}

function describeLeft({ leftMs }: Pick<ReplayStatus, 'leftMs'>): string {
  return leftMs === undefined ? '' : `, about ${describeLag(leftMs)} left`;
}

/** Failed records by code, most first. */
export function describeCodes(byCode: FailedByCode): string {
  return Object.entries(byCode)
    .toSorted(([, a], [, b]) => b - a)
    .map(([code, count]) => `${code} ${count}`)
    .join(', ');
}

/** What a replay is, for lists of workflows. */
export function describeRequest({
  dryRun,
  range,
  shardId,
}: Pick<ReplayRequest, 'dryRun' | 'range' | 'shardId'>): string {
  const where = shardId === undefined ? '' : ` of ${shardId}`;
  return `${dryRun ? 'dry run of ' : ''}${describeRange(range)}${where}`;
}

function isoOf(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
