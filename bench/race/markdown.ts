import type { Contestant } from './contestant';
import type { RaceRow } from './row';

/** In the order of the table; what is not here is in the lines of JSON alone. */
const LABELS: readonly (readonly [scenario: RegExp, figure: string, label: string])[] = [
  [/noop$/, 'recordsPerCpuSecond', 'records per CPU-second, no-op handler'],
  [/parse$/, 'recordsPerCpuSecond', 'records per CPU-second, each parsed as JSON'],
  [/noop$/, 'cpuSecondsPerMillion', 'CPU-seconds per million records, no-op handler'],
  [/noop$/, 'recordsPerSecond', 'records per second (wall), no-op handler'],
  [/parse$/, 'peakRssMb', 'peak RSS, MB'],
  [/^put to handler/, 'ms', 'put to handler at 100 records/s, ms (wall)'],
  [/^put to handler/, 'callsPerShardSecond', 'GetRecords calls per shard-second at 100 records/s'],
  [/^put to handler/, 'percentOfCore', 'CPU at 100 records/s, % of a core'],
  [/^life/, 'firstStartToRecordMs', 'first start to first record, ms (wall)'],
  [/^life/, 'restartToRecordMs', 'start after SIGTERM to first record, ms (wall)'],
  [/^life/, 'handOverMs', 'SIGTERM to the next commit by another worker, ms (wall)'],
  [/^life/, 'failoverMs', 'kill -9 to the next commit by another worker, ms (wall)'],
  [/^life/, 'handledTwice', 'records handled twice over all of these'],
  [/^life/, 'neverHandled', 'records never handled'],
  [/^idle/, 'dynamodbWritesPerShardMinute', 'idle: DynamoDB writes per shard-minute'],
  [/^idle/, 'dynamodbRequestsPerShardMinute', 'idle: DynamoDB requests per shard-minute'],
  [/^idle/, 'getRecordsPerShardSecond', 'idle: GetRecords calls per shard-second'],
];

/** A column per contestant: median and range of repeated runs; p50 / p99 / max of ten samples or more. */
export function raceTable(contestants: readonly Contestant[], rows: readonly RaceRow[]): string {
  const titles = contestants.map(({ title }) => title);
  const cells = LABELS.map(([scenario, figure, label]) => {
    const found = rows.filter((row) => scenario.test(row.scenario) && row.figure === figure);
    return [label, ...titles.map((title) => cellOf(found.find(({ contestant }) => contestant === title)))];
  });
  const filled = cells.filter(([, ...figures]) => figures.some((cell) => cell !== ABSENT));
  const lines = [['', ...titles], ['---', ...titles.map(() => '---:')], ...filled];
  const versions = contestants.map(({ title, version }) => `${title} ${version}`).join(', ');
  return `${lines.map((line) => `| ${line.join(' | ')} |`).join('\n')}\n\nVersions: ${versions}; Node ${process.versions.node}.`;
}

const ABSENT = '–';

function cellOf(row: RaceRow | undefined): string {
  if (!row) return ABSENT;
  const { median, min, max, p99 } = row.spread;
  if (p99 !== undefined) return `${show(median)} / ${show(p99)} / ${show(max)}`;
  return min === max ? show(median) : `${show(median)} (${show(min)} … ${show(max)})`;
}

function show(value: number): string {
  const digits = Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0;
  return value.toLocaleString('en-US', { maximumFractionDigits: digits });
}
