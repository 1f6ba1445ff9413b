import { ZERO_TOTALS, type CommitFacts } from '../../../src/core/checkpoint';
import type { ShardIdentity } from '../../../src/core/names';
import { comparePositions, SHARD_END, type Position } from '../../../src/core/positions';

export const SHARD: ShardIdentity = {
  consumer: 'delays',
  streamName: 'flights',
  streamArn: 'arn:aws:kinesis:eu-west-1:123456789012:stream/flights',
  createdAtMs: 1_700_000_000_000,
  shardId: 'shardId-000000000000',
};
export const WORKFLOW_ID = 'tidemark/delays/flights@1700000000000/shardId-000000000000';
export const PARENTS: readonly string[] = [];
export const FACTS: CommitFacts = { totals: ZERO_TOTALS, committedAtMs: 0 };

/** Sequence numbers of a small shard. They begin at 8, so that their order as text is wrong. */
export function sequenceNumbers(records: number): string[] {
  return Array.from({ length: records }, (_, index) => String(8 + index));
}

/** Position that covers the first `records` records of such a shard. */
export function afterRecords(records: number): Position {
  return { at: 'AFTER', sequenceNumber: String(7 + records) };
}

export function covers(position: Position, sequenceNumber: string): boolean {
  return position.at === 'SHARD_END' || comparePositions(position, { at: 'AFTER', sequenceNumber }) >= 0;
}

/** The next batch after a position, at most `size` records, and the position that commits it: SHARD_END once nothing is left. */
export function batchAfter(
  position: Position,
  records: readonly string[],
  size: number,
): { batch: string[]; target: Position } {
  const batch = records.filter((sequenceNumber) => !covers(position, sequenceNumber)).slice(0, size);
  const last = batch.at(-1);
  return { batch, target: last === undefined ? SHARD_END : { at: 'AFTER', sequenceNumber: last } };
}
