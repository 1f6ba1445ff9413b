import Table from 'cli-table3';
import type { ConsumerReport, ShardReport } from '../client/consumer-status';
import { describePosition, type Position } from '../core/positions';
import { describeLag } from '../core/shard-details';
import { renderNotes } from './status-notes';

interface Column {
  readonly name: string;
  readonly cell: (shard: ShardReport, nowMs: number) => string;
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
    cell: ({ committedAtMs }, nowMs) => (committedAtMs === undefined ? '' : ago(committedAtMs, nowMs)),
  },
  {
    name: 'Records',
    cell: ({ position, records }) => (position ? records.toLocaleString('en-US') : ''),
    isCount: true,
  },
  { name: 'Filtered', cell: ({ totals }) => countOf(totals?.filtered), isCount: true, isRare: true },
  { name: 'Dead letters', cell: ({ totals }) => countOf(totals?.deadLettered), isCount: true, isRare: true },
  { name: 'Parked keys', cell: ({ parkedKeys }) => countOf(parkedKeys), isCount: true, isRare: true },
  { name: 'Failures', cell: ({ failures }) => countOf(failures), isCount: true },
  { name: 'Last error', cell: ({ lastError }) => lastError?.code ?? '' },
];

/** States that somebody should look at come first. */
const FIRST: readonly ShardReport['state'][] = ['FAILED', 'PARKED', 'PAUSED'];

export function renderReports(reports: readonly ConsumerReport[], nowMs: number): string {
  if (reports.length === 0) return 'No consumer runs in this namespace. `npx tidemark run <file>` starts one.';
  return reports.map((report) => renderReport(report, nowMs)).join('\n\n');
}

function renderReport(report: ConsumerReport, nowMs: number): string {
  const shards = report.shards.toSorted((a, b) => rankOf(a) - rankOf(b));
  const parts = [renderHead(report)];
  if (shards.length > 0) parts.push(renderShards(shards, nowMs));
  return [...parts, ...renderNotes({ ...report, shards })].join('\n');
}

function rankOf({ state }: ShardReport): number {
  const rank = FIRST.indexOf(state);
  return rank === -1 ? FIRST.length : rank;
}

function renderHead({ consumer, streamName, state, lastSync }: ConsumerReport): string {
  const listing = lastSync
    ? `; shards listed ${lastSync.listed}, running ${lastSync.running}, finished ${lastSync.finished}, waiting ${lastSync.waiting}`
    : '';
  return `${consumer} on stream ${streamName}: ${state}${listing}`;
}

function renderShards(shards: readonly ShardReport[], nowMs: number): string {
  const columns = COLUMNS.filter(({ isRare, cell }) => !isRare || shards.some((shard) => cell(shard, nowMs) !== ''));
  const table = new Table({
    head: columns.map(({ name }) => name),
    colAligns: columns.map(({ isCount }) => (isCount ? 'right' : 'left')),
    style: { head: [], border: [], compact: true },
  });
  for (const shard of shards) table.push(columns.map(({ cell }) => cell(shard, nowMs)));
  return table.toString();
}

function ago(timeMs: number, nowMs: number): string {
  return `${describeLag(Math.max(0, nowMs - timeMs))} ago`;
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
