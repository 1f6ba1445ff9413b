import { lettersLeft, type RedriveFilter, type RedriveStatus } from './redrive';

/** Current details of a redrive workflow in Temporal's Web UI, Markdown. */
export function describeRedrive(status: RedriveStatus): string {
  const { isCounted, total, redriven, failed, held, skipped, by, reason, end, lastError, worker } = status;
  const rows: [string, string | undefined][] = [
    ['State', end === undefined ? 'handling dead letters again' : ENDS[end]],
    ['Letters', isCounted ? `${total}, ${lettersLeft(status)} left` : 'being counted'],
    ['Handled now', String(redriven)],
    ['Failed again', failed === 0 ? undefined : `${failed}: they stay open, with one more error`],
    ['Held', held === 0 ? undefined : `${held}: an earlier letter of their partition key failed`],
    ['Passed over', skipped === 0 ? undefined : `${skipped}: changed meanwhile, or expired`],
    ['Which', describeRedriveFilter(status.filter)],
    ['Asked for', `by ${by} at ${isoOf(status.startedAtMs)}${reason === undefined ? '' : `: ${reason}`}`],
    ['Worker', worker === undefined ? undefined : `\`${worker}\``],
    ['Last error', lastError && `\`${lastError.code}\` at ${isoOf(lastError.atMs)}: ${lastError.message}`],
  ];
  return rows.flatMap(([name, value]) => (value === undefined ? [] : [`- **${name}**: ${value}`])).join('\n');
}

const ENDS = {
  done: '**done**',
  tooManyFailures: '**ended early**: too many partition keys have failed again; the letters behind were left alone',
} as const;

/** Which letters, in words. */
export function describeRedriveFilter({ shardId, sequenceNumber, code, fromMs, toMs }: RedriveFilter): string {
  const parts = [
    sequenceNumber && `sequence number ${sequenceNumber}`,
    shardId && `shard ${shardId}`,
    code && `error ${code}`,
    fromMs !== undefined && `set aside since ${isoOf(fromMs)}`,
    toMs !== undefined && `set aside until ${isoOf(toMs)}`,
  ].filter((part) => typeof part === 'string');
  return parts.length === 0 ? 'all open letters' : `open letters with ${parts.join(', ')}`;
}

function isoOf(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
