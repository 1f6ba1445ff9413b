import Table from 'cli-table3';
import type { ShardReport } from '../../../src';
import { describePosition } from '../../../src/core/positions';
import { PLAIN } from './facts-table';

type Newest = ReadonlyMap<string, { readonly sequenceNumber: string }>;

/** Where each shard stands, and what it should have reached. */
export function shardTable(shards: readonly ShardReport[], newest: Newest): string {
  const table = new Table({
    head: ['shard', 'state', 'position', 'newest put', 'records', 'last error'],
    style: PLAIN,
  });
  for (const { shardId, state, position, records, lastError } of shards) {
    const error = lastError ? `${lastError.code}: ${lastError.message}` : '';
    table.push([
      shardId,
      state,
      position ? describePosition(position) : '',
      newest.get(shardId)?.sequenceNumber ?? '',
      records,
      error,
    ]);
  }
  return table.toString();
}
