import Table from 'cli-table3';
import type { ConsumerReport, ShardReport } from '../client/consumer-status';
import { describePosition, type Position } from '../core/positions';
import { describeLag } from '../core/shard-details';
import { renderNotes } from './status-notes';
import type { ShardRate, StatusRates } from './status-rates';

interface Column {
  readonly name: string;
  readonly cell: (shard: ShardReport, view: StatusView) => string;
  /** A number, aligned to the right. */
  readonly isCount?: true;
  /** Shown only where a shard has something in it. */
  readonly isRare?: true;
}

const COLUMNS: readonly Column[] = [
  { name: 'Shard', cell: ({ shardId }) => shardId },
  { name: 'State', cell: ({ state }) => state },
  { name: 'Position', cell: ({ position }) => (position ? shortPosition(position) : '') },
  {
    name: 'Lag',
    cell: ({ millisBehindLatest }) => (millisBehindLatest === undefined ? '' : describeLag(millisBehindLatest)),
  },
  {
    name: 'Last commit',
    cell: ({ committedAtMs }, { nowMs }) => (committedAtMs === undefined ? '' : ago(committedAtMs, nowMs)),
  },
  {
    name: 'Records',
    cell: ({ position, records }) => (position ? records.toLocaleString('en-US') : ''),
    isCount: true,
  },
  { name: 'Records/s', cell: (shard, { rates }) => rateOf(rates?.of(shard)), isCount: true, isRare: true },
  { name: 'Caught up in', cell: (shard, { rates }) => catchUpOf(rates?.of(shard)), isRare: true },
  { name: 'At risk', cell: ({ retention }) => riskOf(retention), isRare: true },
  { name: 'Filtered', cell: ({ totals }) => countOf(totals?.filtered), isCount: true, isRare: true },
  { name: 'Left out', cell: ({ totals }) => countOf(totals?.leftOut), isCount: true, isRare: true },
  { name: 'Dead letters', cell: ({ totals }) => countOf(totals?.deadLettered), isCount: true, isRare: true },
  { name: 'Parked keys', cell: ({ parkedKeys }) => countOf(parkedKeys), isCount: true, isRare: true },
  { name: 'Failures', cell: ({ failures }) => countOf(failures), isCount: true },
  { name: 'Last error', cell: ({ lastError }) => lastError?.code ?? '' },
];

/** States that somebody should look at come first. */
const FIRST: readonly ShardReport['state'][] = ['FAILED', 'PARKED', 'PAUSED'];

export interface StatusView {
  readonly nowMs: number;
  /** At most so many shards per consumer, those with the most trouble. Default: all. */
  readonly top?: number;
  /** Only shards in these states. */
  readonly states?: readonly string[];
  /** Of a `--watch`. */
  readonly rates?: StatusRates;
}

export function renderReports(reports: readonly ConsumerReport[], view: StatusView): string {
  if (reports.length === 0) return 'No consumer runs in this namespace. `npx tidemark run <file>` starts one.';
  return reports.map((report) => renderReport(report, view)).join('\n\n');
}

function renderReport(report: ConsumerReport, view: StatusView): string {
  const { top = Infinity, states } = view;
  const meant = report.shards.filter(({ state }) => states === undefined || states.includes(state));
  const sorted = meant.toSorted(byTrouble);
  const shards = sorted.slice(0, top);
  const parts = [renderHead(report), renderSummary(report.shards, view)];
  if (shards.length > 0) parts.push(renderShards(shards, view));
  if (shards.length < report.shards.length)
    parts.push(`${shards.length} of ${report.shards.length} shards are shown, the most troubled first.`);
  return [...parts, ...renderNotes({ ...report, shards: sorted })].join('\n');
}

/** What somebody should look at comes first: states, then what is at risk, then failures in a row, then lag. */
function byTrouble(a: ShardReport, b: ShardReport): number {
  return rankOf(a) - rankOf(b) || b.failures - a.failures || (b.millisBehindLatest ?? 0) - (a.millisBehindLatest ?? 0);
}

function rankOf({ state, retention }: ShardReport): number {
  const rank = FIRST.indexOf(state);
  if (rank !== -1) return rank;
  return FIRST.length + (retention?.isAtRisk ? 0 : 1);
}

/** `READING 998, PARKED 2; largest lag 3 min; 12,345 records/s` */
function renderSummary(shards: readonly ShardReport[], { rates }: StatusView): string {
  const counts = new Map<string, number>();
  for (const { state } of shards) counts.set(state, (counts.get(state) ?? 0) + 1);
  const states = [...counts].map(([state, count]) => `${state} ${count.toLocaleString('en-US')}`).join(', ');
  const lag = Math.max(-1, ...shards.map(({ millisBehindLatest = -1 }) => millisBehindLatest));
  const known = shards.flatMap((shard) => rates?.of(shard) ?? []);
  const perSecond = known.reduce((sum, { recordsPerSecond }) => sum + recordsPerSecond, 0);
  return [
    states === '' ? 'No shard is recorded yet' : states,
    ...(lag < 0 ? [] : [`largest lag ${describeLag(lag)}`]),
    ...(known.length === 0 ? [] : [`${Math.round(perSecond).toLocaleString('en-US')} records/s`]),
  ].join('; ');
}

function renderHead({ consumer, streamName, state, lastSync }: ConsumerReport): string {
  const listing = lastSync
    ? `; shards listed ${lastSync.listed}, running ${lastSync.running}, finished ${lastSync.finished}, waiting ${lastSync.waiting}`
    : '';
  return `${consumer} on stream ${streamName}: ${state}${listing}`;
}

function renderShards(shards: readonly ShardReport[], view: StatusView): string {
  const columns = COLUMNS.filter(({ isRare, cell }) => !isRare || shards.some((shard) => cell(shard, view) !== ''));
  const table = new Table({
    head: columns.map(({ name }) => name),
    colAligns: columns.map(({ isCount }) => (isCount ? 'right' : 'left')),
    style: { head: [], border: [], compact: true },
  });
  for (const shard of shards) table.push(columns.map(({ cell }) => cell(shard, view)));
  return table.toString();
}

function ago(timeMs: number, nowMs: number): string {
  return `${describeLag(Math.max(0, nowMs - timeMs))} ago`;
}

function rateOf(rate: ShardRate | undefined): string {
  return rate === undefined ? '' : Math.round(rate.recordsPerSecond).toLocaleString('en-US');
}

function catchUpOf(rate: ShardRate | undefined): string {
  return rate?.catchUpMs === undefined ? '' : describeLag(rate.catchUpMs);
}

/** Share of retention used, and the time left. */
function riskOf(retention: ShardReport['retention']): string {
  return retention?.isAtRisk ? `${retention.usedPercent} %, ${describeLag(retention.leftMs)} left` : '';
}

function countOf(value = 0): string {
  return value === 0 ? '' : value.toLocaleString('en-US');
}

/** The last digits of a sequence number are those that change. */
function shortPosition(position: Position): string {
  if (position.at !== 'AFTER' || position.sequenceNumber.length <= 14) return describePosition(position);
  const sub = position.subSequenceNumber === undefined ? '' : `.${position.subSequenceNumber}`;
  return `AFTER …${position.sequenceNumber.slice(-12)}${sub}`;
}
