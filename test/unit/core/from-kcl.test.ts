import { backupFromKcl, type KclLease } from '../../../src/core/from-kcl';
import type { Shard } from '../../../src/core/shard-graph';

const SEQUENCE = '49671246667567228643283430150187087032206582658500001794';
const stream = {
  consumer: 'delays',
  streamName: 'flights',
  streamArn: 'arn:aws:kinesis:us-east-1:123456789012:stream/flights',
  createdAtMs: 1_767_225_600_123,
};
const registration = { start: { at: 'TRIM_HORIZON' }, requestedStart: 'TRIM_HORIZON', registeredAtMs: 5 } as const;

function lease(shardId: string, checkpoint: string, change: Partial<KclLease> = {}): KclLease {
  return { shardId, checkpoint, parentShardIds: [], counter: 1, ...change };
}

function shard(shardId: string, parentShardId?: string, adjacentParentShardId?: string): Shard {
  return { shardId, parentShardId, adjacentParentShardId, isClosed: false };
}

function placesOf(leases: readonly KclLease[], listed: readonly Shard[], startAtMs?: number): Record<string, unknown> {
  const { shards } = backupFromKcl({ stream, leases, listed, registration, startAtMs, nowMs: 9 });
  return Object.fromEntries(
    shards.map(({ shardId, start, checkpoint }) => [shardId, checkpoint?.position ?? { start }]),
  );
}

it('positions are the same, with their places in aggregates', () => {
  const leases = [
    lease('a', SEQUENCE, { subSequenceNumber: 3 }),
    lease('b', SEQUENCE),
    lease('c', 'SHARD_END', { subSequenceNumber: 0 }),
    lease('d', 'TRIM_HORIZON', { subSequenceNumber: 0 }),
  ];
  expect(placesOf(leases, [])).toEqual({
    a: { at: 'AFTER', sequenceNumber: SEQUENCE, subSequenceNumber: 3 },
    b: { at: 'AFTER', sequenceNumber: SEQUENCE },
    c: { at: 'SHARD_END' },
    d: { start: { at: 'TRIM_HORIZON' } },
  });
});

it.each(['LATEST', 'AT_TIMESTAMP'])('a shard at %s begins at a time that must be given', (checkpoint) => {
  const refused = (): unknown => placesOf([lease('a', checkpoint)], []);
  expect(refused).toThrow(`KCL has never committed shard a: it stands at ${checkpoint}. Say with --start-at`);
  expect(placesOf([lease('a', checkpoint)], [], 7)).toEqual({ a: { start: { at: 'AT_TIMESTAMP', timestampMs: 7 } } });
});

it('a checkpoint that KCL does not write is refused', () => {
  expect(() => placesOf([lease('a', 'soon')], [])).toThrow('Is this the lease table of a KCL application?');
});

it('ancestors whose leases KCL has cleaned up are finished; other shards without a lease begin at their oldest record', () => {
  const listed = [
    shard('1-grandparent'),
    shard('2-parent', '1-grandparent'),
    shard('3-adjacent'),
    shard('4-merged', '2-parent', '3-adjacent'),
    shard('5-child-to-come', '4-merged'),
    shard('6-unknown'),
  ];
  expect(placesOf([lease('4-merged', SEQUENCE)], listed)).toEqual({
    '1-grandparent': { at: 'SHARD_END' },
    '2-parent': { at: 'SHARD_END' },
    '3-adjacent': { at: 'SHARD_END' },
    '4-merged': { at: 'AFTER', sequenceNumber: SEQUENCE },
    '5-child-to-come': { start: { at: 'TRIM_HORIZON' } },
    '6-unknown': { start: { at: 'TRIM_HORIZON' } },
  });
});

it('a parent with a lease stands where its lease says', () => {
  const listed = [shard('a'), shard('b', 'a')];
  expect(placesOf([lease('a', SEQUENCE), lease('b', 'TRIM_HORIZON')], listed)).toMatchObject({
    a: { at: 'AFTER' },
    b: { start: { at: 'TRIM_HORIZON' } },
  });
});

it('later shards begin at their oldest records: everything of the first listing is recorded', () => {
  const backup = backupFromKcl({ stream, leases: [lease('a', SEQUENCE)], listed: [], registration, nowMs: 9 });
  expect(backup.registration).toEqual({ ...registration, initialShardsRecorded: true });
});
