import Table from 'cli-table3';
import type { ConsumerReport, ShardReport } from '../client/consumer-status';
import { describePosition, type Position } from '../core/positions';
import { describeLag } from '../core/shard-details';

const COLUMNS = ['Shard', 'State', 'Position', 'Lag', 'Last commit', 'Records', 'Failures', 'Last error'];
const COUNTS = [5, 6];

export function renderReports(reports: readonly ConsumerReport[], nowMs: number): string {
  if (reports.length === 0) return 'No consumer runs in this namespace. `npx tidemark run <file>` starts one.';
  return reports.map((report) => renderReport(report, nowMs)).join('\n\n');
}

function renderReport(report: ConsumerReport, nowMs: number): string {
  const parts = [renderHead(report)];
  if (report.shards.length > 0) parts.push(renderShards(report.shards, nowMs));
  parts.push(...renderErrors(report.shards), ...renderAdvice(report));
  return parts.join('\n');
}

function renderHead({ consumer, streamName, state, lastSync }: ConsumerReport): string {
  const listing = lastSync
    ? `; shards listed ${lastSync.listed}, running ${lastSync.running}, finished ${lastSync.finished}, waiting ${lastSync.waiting}`
    : '';
  return `${consumer} on stream ${streamName}: ${state}${listing}`;
}

function renderShards(shards: readonly ShardReport[], nowMs: number): string {
  const table = new Table({
    head: COLUMNS,
    colAligns: COLUMNS.map((_, index) => (COUNTS.includes(index) ? 'right' : 'left')),
    style: { head: [], border: [], compact: true },
  });
  for (const shard of shards) table.push(cellsOf(shard, nowMs));
  return table.toString();
}

function cellsOf(shard: ShardReport, nowMs: number): string[] {
  const { shardId, state, position, millisBehindLatest, committedAtMs, records, failures, lastError } = shard;
  return [
    shardId,
    state,
    position ? shortPosition(position) : '',
    millisBehindLatest === undefined ? '' : describeLag(millisBehindLatest),
    committedAtMs === undefined ? '' : `${describeLag(Math.max(0, nowMs - committedAtMs))} ago`,
    position ? records.toLocaleString('en-US') : '',
    failures === 0 ? '' : String(failures),
    lastError?.code ?? '',
  ];
}

/** The last digits of a sequence number are those that change. */
function shortPosition(position: Position): string {
  if (position.at !== 'AFTER' || position.sequenceNumber.length <= 14) return describePosition(position);
  const sub = position.subSequenceNumber === undefined ? '' : `.${position.subSequenceNumber}`;
  return `AFTER …${position.sequenceNumber.slice(-12)}${sub}`;
}

/** Each different error once, with the shards that have it and what to do. */
function renderErrors(shards: readonly ShardReport[]): string[] {
  const byText = new Map<string, string[]>();
  for (const { shardId, lastError } of shards) {
    if (!lastError) continue;
    const text = errorText(lastError);
    byText.set(text, [...(byText.get(text) ?? []), shardId]);
  }
  return [...byText].map(([text, shardIds]) => `${nameShards(shardIds)}: ${text}`);
}

/** Messages of Tidemark's own errors end with the hint already. */
function errorText({ code, message, hint }: NonNullable<ShardReport['lastError']>): string {
  const what = `${code}: ${message}`;
  return what.includes(hint) ? what : `${what.replace(/\.$/, '')}. ${hint}`;
}

function nameShards([first = '', ...others]: readonly string[]): string {
  return others.length === 0 ? first : `${first} and ${others.length} more`;
}

function renderAdvice({ state, shards }: ConsumerReport): string[] {
  if (state === 'NOT_STARTED') return ['It was never started: `npx tidemark start <file>`.'];
  if (state !== 'RUNNING') return ['It does not run: `npx tidemark start <file>` goes on from the checkpoints.'];
  if (shards.some((shard) => shard.state === 'NO_WORKER')) return ['No worker answers: `npx tidemark worker <file>`.'];
  return [];
}
