import type { Contestant } from './contestant';
import type { RaceRow } from './row';

/** A column per contestant, a row per figure; median, and the range or p99 where there is one. */
export function raceTable(contestants: readonly Contestant[], rows: readonly RaceRow[]): string {
  const titles = contestants.map(({ title }) => title);
  const keys = [...new Set(rows.map(({ scenario, figure }) => `${scenario}: ${figure}`))];
  const cells = keys.map((key) => [
    key,
    ...titles.map((title) =>
      cellOf(rows.find((row) => row.contestant === title && `${row.scenario}: ${row.figure}` === key)),
    ),
  ]);
  const lines = [['', ...titles], ['---', ...titles.map(() => '---:')], ...cells];
  const versions = contestants.map(({ title, version }) => `${title} ${version}`).join(', ');
  return `${lines.map((line) => `| ${line.join(' | ')} |`).join('\n')}\n\nVersions: ${versions}; Node ${process.versions.node}.`;
}

function cellOf(row: RaceRow | undefined): string {
  if (!row) return '–';
  const { median, min, max, p99 } = row.spread;
  if (p99 !== undefined) return `${show(median)} / ${show(p99)} / ${show(max)}`;
  return min === max ? show(median) : `${show(median)} (${show(min)} … ${show(max)})`;
}

function show(value: number): string {
  const digits = Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0;
  return value.toLocaleString('en-US', { maximumFractionDigits: digits });
}
