import Table from 'cli-table3';
import type { ConsumerReport } from '../../src';
import type { DemoResult, Mismatch } from './result';
import { thousands } from './screen';

const MOST_MISMATCHES_SHOWN = 10;
const plain = { style: { head: [], border: [] } };

/** The shards that the consumer has read, and in whose hands they are. */
export function shardTable({ shards }: ConsumerReport): string {
  const table = new Table({
    ...plain,
    head: ['shard', 'state', 'records committed', 'worker'],
    colAligns: ['left', 'left', 'right', 'left'],
  });
  for (const { shardId, state, records, worker } of shards)
    table.push([shardId, state, records === undefined ? '' : thousands(records), worker ?? '']);
  return table.toString();
}

export interface TableFacts {
  readonly airports: number;
  readonly openShards: number;
  readonly uiUrl: string | undefined;
}

export function resultTable(result: DemoResult, { airports, openShards, uiUrl }: TableFacts): string {
  const { put, handled, duplicates, lost, mismatches, resumeMs, shardsBefore, shardsAfter } = result;
  const closed = shardsAfter - openShards;
  const table = new Table(plain);
  table.push(
    ['records put', thousands(put)],
    ['records handled', thousands(handled)],
    ['duplicates (handled again after the kill)', thousands(duplicates)],
    ['lost', thousands(lost)],
    ['airports whose sums differ from the file', `${mismatches} of ${airports}`],
    ['resumed after the kill -9 in', `${(resumeMs / 1_000).toFixed(1)} s`],
    ['shards before', String(shardsBefore)],
    ['shards after', `${shardsAfter} (${openShards} open, ${closed} closed and finished)`],
    ...(uiUrl ? [['workflows in the Web UI', uiUrl]] : []),
  );
  return table.toString();
}

export function mismatchLines(mismatches: readonly Mismatch[]): string[] {
  const describe = (figures: Mismatch['found']): string =>
    figures ? `${figures.flights} flights, ${figures.delayMinutes} min` : 'nothing';
  return mismatches
    .slice(0, MOST_MISMATCHES_SHOWN)
    .map(
      ({ airport, expected, found }) => `${airport}: the file has ${describe(expected)}, the table ${describe(found)}`,
    );
}
