import type { ControlRequest } from './control';
import { describePosition } from './positions';
import { nameOfRecord } from './record-name';
import { retentionUse, type RetentionView } from './retention-clock';
import { describeHalt, describeStep, describeStreak } from './failure-step-text';
import type { ShardEvent, ShardStatus } from './shard-work';

/** Current details of a shard workflow in Temporal's Web UI, Markdown. Names no partition key, and nothing else of a record. */
export function describeShard(status: ShardStatus): string {
  const { phase, position, progress, failures, lastError, lastEvent, recentEvents = [], worker, pause } = status;
  const { committedAtMs, millisBehindLatest } = progress;
  const rows: [string, string | undefined][] = [
    ['State', `**${phase}**${failures > 0 ? ` (failed ${failures} times in a row)` : ''}`],
    ['Paused', pause && `since ${new Date(pause.atMs).toISOString()}${untilText(pause.untilMs)} ${byWhom(pause)}`],
    ...troubleRows(status),
    ['Position', `\`${describePosition(position)}\``],
    ['At risk', riskText(status.retention)],
    ['Lag', millisBehindLatest === undefined ? undefined : describeLag(millisBehindLatest)],
    ...countRows(progress),
    ['Last commit', committedAtMs === undefined ? undefined : new Date(committedAtMs).toISOString()],
    ['Worker', worker === undefined ? undefined : `\`${worker}\``],
    [
      'Last error',
      lastError && `\`${lastError.code}\` at ${new Date(lastError.atMs).toISOString()}: ${oneLine(lastError.message)}`,
    ],
    // Of a run of version 0.1.0, which kept no more than the last one.
    ['Last event', recentEvents.length === 0 && lastEvent ? describeEvent(lastEvent) : undefined],
    ['Recent steps', recentEvents.length === 0 ? undefined : listEvents(recentEvents)],
  ];
  return rows.flatMap(([name, value]) => (value === undefined ? [] : [`- **${name}**: ${value}`])).join('\n');
}

function troubleRows({ halt, streak, lastError, recentEvents, phase }: ShardStatus): [string, string | undefined][] {
  const searching =
    streak && phase !== 'PARKED' && phase !== 'FAILED' ? describeStreak(streak, recentEvents) : undefined;
  const why = lastError ? `, \`${lastError.code}\`` : '';
  const advice = halt?.loss
    ? '. `npx tidemark skip` accepts the loss and goes on with the oldest record that is left'
    : '. `npx tidemark retry` tries it again, `npx tidemark skip` sets it aside';
  return [
    ['Parked', halt && phase === 'PARKED' ? `${describeHalt(halt)}${why}${advice}` : undefined],
    ['Failed', halt && phase === 'FAILED' ? `${describeHalt(halt)}${why}; the consumer stops` : undefined],
    ['Failing', searching],
  ];
}

function countRows({ totals, parkedKeys = 0 }: ShardStatus['progress']): [string, string | undefined][] {
  const { records, batches, bytes, filtered = 0, deadLettered = 0, leftOut = 0 } = totals;
  const done = [count(records, 'record'), count(batches, 'batch', 'batches'), count(bytes, 'byte')];
  return [
    ['Committed', done.join(', ')],
    ['Filtered', filtered === 0 ? undefined : count(filtered, 'record')],
    ['Left out of aggregates', leftOut === 0 ? undefined : count(leftOut, 'user record')],
    ['Dead letters', deadLettered === 0 ? undefined : count(deadLettered, 'record')],
    ['Parked partition keys', parkedKeys === 0 ? undefined : count(parkedKeys, 'key')],
  ];
}

function listEvents(events: readonly ShardEvent[]): string {
  return events.map((event) => `\n  - ${oneLine(describeEvent(event))}`).join('');
}

/** One line for the Web UI about the slice that begins: what will be read on from, and what was done so far. */
export function describeSlice({ slices, position, progress, failures }: ShardStatus): string {
  const from = position.at === 'AFTER' ? `after …${nameOfRecord(position).slice(-12)}` : describePosition(position);
  const retry = failures > 0 ? `, retry ${failures}` : '';
  return `Slice ${slices}${retry}: read ${from}; so far ${countDone(progress)}`;
}

export function describeLag(ms: number): string {
  if (ms < 1_000) return `${ms} ms`;
  if (ms < 120_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  return `${(ms / 3_600_000).toFixed(1)} h`;
}

export function describeEvent(event: ShardEvent): string {
  const at = new Date(event.atMs).toISOString();
  switch (event.kind) {
    case 'claimed':
      return `${at} ${CLAIMS[event.adopted]}`;
    case 'fenced':
      return `${at} another execution had taken the shard`;
    case 'dataLoss':
      return `${at} **records may be lost**: retention took what arrived from ${new Date(event.fromMs).toISOString()} to ${new Date(event.toMs).toISOString()}`;
    case 'leftOut':
      return `${at} left out ${count(event.records, 'user record')} of aggregates: their hash keys are those of other shards`;
    case 'lossAccepted':
      return `${at} loss accepted, of what arrived from ${new Date(event.fromMs).toISOString()} to ${new Date(event.toMs).toISOString()}, ${byWhom(event)}`;
    case 'atRisk':
      return `${at} **at risk of losing records**: ${event.usedPercent} % of retention used, ${describeLag(event.leftMs)} left`;
    case 'outOfRisk':
      return `${at} no longer at risk of losing records: ${event.usedPercent} % of retention used`;
    case 'paused':
      return `${at} paused${untilText(event.untilMs)} ${byWhom(event)}`;
    case 'resumed':
      return `${at} resumed ${byWhom(event)}`;
    case 'moved':
      return `${at} ${MOVES[event.how]} from ${event.from} to ${event.to} ${byWhom(event)}`;
    default:
      return `${at} ${describeStep(event)}`;
  }
}

/** As the last execution saw it: a workflow has no other clock between two of them. */
function riskText(retention: RetentionView | undefined): string | undefined {
  if (!retention?.isAtRisk) return undefined;
  const { usedPercent, leftMs } = retentionUse(retention, retention.atMs, true);
  const seen = new Date(retention.atMs).toISOString();
  return `**${usedPercent} % of retention used**, ${describeLag(leftMs)} left at ${seen}`;
}

const MOVES = { rewind: 'rewound', skip: '**skipped ahead**', undo: 'moved back by an undo' } as const;

function byWhom({ by, reason }: ControlRequest): string {
  return `by ${by}${reason ? `: ${reason}` : ''}`;
}

function untilText(untilMs: number | undefined): string {
  return untilMs === undefined ? '' : ` until ${new Date(untilMs).toISOString()}`;
}

const CLAIMS = {
  none: 'took over the checkpoint',
  created: 'wrote the first checkpoint',
  row: 'took over a checkpoint that was ahead of this workflow',
  input: 'took over a checkpoint that was behind this workflow (restored or damaged), and moved it up',
} as const;

function countDone({ totals }: ShardStatus['progress']): string {
  return `${count(totals.records, 'record')} in ${count(totals.batches, 'batch', 'batches')}`;
}

function count(value: number, one: string, many = `${one}s`): string {
  return `${value.toLocaleString('en-US')} ${value === 1 ? one : many}`;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').slice(0, 1_000);
}
