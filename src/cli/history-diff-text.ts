import type { HistoryDiff } from '../core/history-diff';
import { describePosition } from '../core/positions';
import { describeEvent } from '../core/shard-details';
import { printable } from './printable';

const NO_CHANGE = 'unchanged';

/** What changed between two entries, for people: a line for each thing, and one for each move and event. */
export function renderDiff(diff: HistoryDiff): string {
  const { from, to, direction, entries, moves, events, workers } = diff;
  const change = (before: string | number, after: string | number): string =>
    before === after ? NO_CHANGE : `${before} -> ${after}`;
  const count = (value: number): string => value.toLocaleString('en-US');
  const writer = ({ worker, runId, attempt }: HistoryDiff['from']): string =>
    `${worker} (run ${runId}, attempt ${attempt})`;
  const rows: readonly (readonly [string, string])[] = [
    ['entries', `${from.id} -> ${to.id}, ${count(entries)} later`],
    ['time', `${new Date(from.atMs).toISOString()} -> ${new Date(to.atMs).toISOString()}`],
    ['position', `${change(describePosition(from.position), describePosition(to.position))}${WAYS[direction]}`],
    ['records', `${count(diff.records)} in ${count(diff.batches)} batches; in all ${recordsOf(from, to)}`],
    ['filtered', count(diff.filtered)],
    ['dead letters', count(diff.deadLettered)],
    ['generation', change(from.generation, to.generation)],
    ['writer', change(writer(from), writer(to))],
    ['workers', workers.join(', ') || 'none'],
  ];
  const happened = [
    ...moves.map(
      ({ atMs, how, by, reason, from: start, to: end }) =>
        `  ${new Date(atMs).toISOString()} ${how} by ${by}, from ${describePosition(start)} to ${describePosition(end)}${reason ? `: ${reason}` : ''}`,
    ),
    ...events.map((event) => `  ${describeEvent(event)}`),
  ];
  const lines = rows.map(([name, value]) => `${name.padEnd(12)}  ${printable(value)}`);
  return [...lines, ...(happened.length > 0 ? ['in between', ...happened.map(printable)] : [])].join('\n');
}

const WAYS = { forward: '', back: ' (back: records are handled again)', same: '' } as const;

function recordsOf(from: HistoryDiff['from'], to: HistoryDiff['to']): string {
  return `${from.totalRecords.toLocaleString('en-US')} -> ${to.totalRecords.toLocaleString('en-US')}`;
}
