import { channel } from 'node:diagnostics_channel';
import type { ShardIdentity } from '../../../src/core/names';
import { setShardGauges } from '../../../src/metrics/gauges';
import { Instruments } from '../../../src/metrics/instruments';
import { ShardPictures } from '../../../src/metrics/shard-pictures';
import { NotedMeter } from './support/noted-meter';

const CONSUMERS = [{ consumer: 'delays', streamName: 'flights' }];
const PROGRESS = { totals: { records: 0, bytes: 0, batches: 0 } };

let nowMs = 1_000_000;
let noted: NotedMeter;
let pictures: ShardPictures;
let instruments: Instruments;

beforeEach(() => {
  noted = new NotedMeter();
  instruments = new Instruments(noted.meter);
  pictures = new ShardPictures(CONSUMERS, () => nowMs);
});
afterEach(() => pictures.close());

function shard(shardId: string): ShardIdentity {
  return { consumer: 'delays', streamName: 'flights', streamArn: 'arn', createdAtMs: 1, shardId };
}

function tell(name: string, message: object): void {
  channel(`tidemark:${name}`).publish(message);
}

function begin(shardId: string, millisBehindLatest: number): void {
  tell('sliceBegun', { shard: shard(shardId), progress: { ...PROGRESS, committedAtMs: nowMs } });
  tell('opened', { shard: shard(shardId), retentionMs: 100_000 });
  tell('pageRead', { shard: shard(shardId), records: 0, millisBehindLatest });
}

function set(shardLabel = true): void {
  setShardGauges(instruments, pictures, { consumers: CONSUMERS, shardLabel, nowMs });
}

function of(name: string, shardId?: string): number | undefined {
  const label = shardId === undefined ? '' : `,shard=${shardId}`;
  return noted.gauges.get(`tidemark_${name}{consumer=delays,stream=flights${label}}`);
}

it('a shard on which nothing happens grows older with each turn of the timer', () => {
  begin('a', 20_000);
  set();
  nowMs += 5_000;
  set();
  expect(of('lag_seconds', 'a')).toBe(25);
  expect(of('oldest_unhandled_seconds', 'a')).toBe(25);
  expect(of('checkpoint_age_seconds', 'a')).toBe(5);
  expect(of('retention_used_ratio', 'a')).toBe(0.25);
  expect(of('shard_owned', 'a')).toBe(1);
});

it('a shard that has left this worker is marked once, and freezes nowhere', () => {
  begin('a', 20_000);
  set();
  tell('sliceEnded', { shard: shard('a'), end: 'handOver' });
  set();
  expect(of('shard_owned', 'a')).toBe(0);
  expect(of('lag_seconds', 'a')).toBeNaN();
  expect(of('checkpoint_age_seconds', 'a')).toBeNaN();
  expect(of('retention_used_ratio', 'a')).toBeNaN();
  expect([...pictures.all()]).toEqual([]);
});

it('a parked shard is not owned, and its records go on ageing', () => {
  begin('a', 20_000);
  const halt = { how: 'park', sequenceNumber: '1', sinceMs: nowMs };
  tell('sliceEnded', { shard: shard('a'), code: 'HANDLER_FAILED', retryAfterMs: 0, halt });
  nowMs += 60_000;
  set();
  expect([of('shard_owned', 'a'), of('shard_parked', 'a'), of('retention_used_ratio', 'a')]).toEqual([0, 1, 0.8]);
  begin('a', 80_000);
  set();
  expect([of('shard_owned', 'a'), of('shard_parked', 'a')]).toEqual([1, 0]);
});

it('without the label shard: sums, and the worst of lag and ages', () => {
  set(false);
  expect([of('shard_owned'), of('lag_seconds')]).toEqual([0, NaN]);
  begin('a', 20_000);
  begin('b', 70_000);
  set(false);
  expect([of('shard_owned'), of('lag_seconds'), of('shard_parked')]).toEqual([2, 70, 0]);
  expect([...noted.gauges.keys()].filter((key) => key.includes('shard='))).toEqual([]);
});
