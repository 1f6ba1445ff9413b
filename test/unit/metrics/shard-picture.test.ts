import type { CommittedMessage, PageReadMessage } from '../../../src/activities/diagnostics';
import type { ShardIdentity } from '../../../src/core/names';
import { ShardPicture } from '../../../src/metrics/shard-picture';

const SHARD: ShardIdentity = {
  consumer: 'delays',
  streamName: 'flights',
  streamArn: 'arn',
  createdAtMs: 1,
  shardId: 'shardId-000000000000',
};
const T = 1_000_000;
const PROGRESS = { totals: { records: 0, bytes: 0, batches: 0 } };

let picture: ShardPicture;

beforeEach(() => {
  picture = new ShardPicture(SHARD, T);
  picture.begin({ progress: { ...PROGRESS, committedAtMs: T - 5_000 } }, T);
  picture.retentionMs = 100_000;
});

function page(more: Partial<PageReadMessage> = {}): PageReadMessage {
  return { shard: SHARD, records: 0, millisBehindLatest: 0, ...more };
}

function records(firstArrivalMs: number, lastSequenceNumber: string, millisBehindLatest = 0): PageReadMessage {
  return page({ records: 10, firstArrivalMs, lastSequenceNumber, millisBehindLatest });
}

function commit(sequenceNumber: string, lastArrivalMs: number): CommittedMessage {
  return {
    shard: SHARD,
    writer: { runId: 'r', activityId: 'a', activitySeq: 1, attempt: 1 },
    from: { at: 'TRIM_HORIZON' },
    checkpoint: { position: { at: 'AFTER', sequenceNumber }, generation: 1, token: 't' },
    previousToken: 's',
    records: 1,
    before: PROGRESS,
    progress: { ...PROGRESS, lastArrivalMs },
    sentAtNs: 0n,
  };
}

describe('lag and age', () => {
  it('are not known before the first answer', () => {
    expect([picture.lagMsAt(T), picture.oldestMsAt(T), picture.retentionUsedAt(T)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(picture.checkpointAgeMsAt(T + 1_000)).toBe(6_000);
  });

  it('of an idle shard are 0 while it is asked, and grow once it is not', () => {
    picture.read(page(), T);
    expect([picture.lagMsAt(T + 20_000), picture.oldestMsAt(T + 20_000)]).toEqual([0, 0]);
    expect([picture.lagMsAt(T + 40_000), picture.oldestMsAt(T + 40_000)]).toEqual([40_000, 40_000]);
  });

  it('grow by themselves while a batch is in hand, and fall with its commit', () => {
    picture.read(records(T - 3_000, '100'), T);
    expect(picture.lagMsAt(T + 10_000)).toBe(10_000);
    expect(picture.oldestMsAt(T + 10_000)).toBe(13_000);
    expect(picture.retentionUsedAt(T + 10_000)).toBeCloseTo(0.13);
    picture.commit(commit('50', T - 2_000), T + 10_000);
    expect(picture.oldestMsAt(T + 10_000)).toBe(12_000);
    picture.commit(commit('100', T - 1_000), T + 11_000);
    expect([picture.lagMsAt(T + 11_000), picture.oldestMsAt(T + 11_000)]).toEqual([0, 0]);
    expect(picture.checkpointAgeMsAt(T + 12_000)).toBe(1_000);
  });

  it('follow MillisBehindLatest where pages are empty on the way to the tip', () => {
    picture.read(page({ millisBehindLatest: 60_000 }), T);
    expect([picture.lagMsAt(T + 500), picture.oldestMsAt(T + 500)]).toEqual([60_500, 60_500]);
  });

  it('hold over a slice that fails, until reading begins anew', () => {
    picture.read(records(T - 3_000, '100'), T);
    picture.end({ shard: SHARD, code: 'HANDLER_FAILED', retryAfterMs: 30_000 }, T + 1_000);
    expect(picture.oldestMsAt(T + 20_000)).toBe(23_000);
    picture.begin({ progress: PROGRESS }, T + 31_000);
    expect(picture.oldestMsAt(T + 31_000)).toBe(34_000);
    picture.read(records(T - 3_000, '100'), T + 32_000);
    picture.commit(commit('100', T), T + 33_000);
    expect(picture.oldestMsAt(T + 33_000)).toBe(0);
  });

  it('are never negative when clocks differ', () => {
    picture.read(records(T + 50_000, '100'), T + 1_000);
    expect([picture.oldestMsAt(T), picture.lagMsAt(T), picture.checkpointAgeMsAt(T - 9_000)]).toEqual([0, 0, 0]);
  });
});

describe('what this worker has of a shard', () => {
  it.each([
    [{ end: 'interval' }, 'waiting', 10_000],
    [{ code: 'HANDLER_FAILED', retryAfterMs: 90_000 }, 'waiting', 100_000],
    [{ code: 'CHECKPOINT_UNDECIDED' }, 'waiting', 60_000],
    [{ end: 'handOver' }, 'gone', 0],
    [{ end: 'fenced' }, 'gone', 0],
    [{ end: 'shardEnd' }, 'gone', 0],
    [{ code: 'OWNERSHIP_EXPIRED' }, 'gone', 0],
    [{ code: 'HANDLER_FAILED', halt: { how: 'park', sequenceNumber: '1', sinceMs: T } }, 'parked', Infinity],
    [
      { code: 'HANDLER_FAILED', halt: { how: 'park', sequenceNumber: '1', sinceMs: T, retryAtMs: T + 5_000 } },
      'parked',
      15_000,
    ],
  ] as const)('after %j: %s, for %d ms', (how, hold, ms) => {
    expect(picture.holdAt(T)).toBe('running');
    picture.end({ shard: SHARD, ...how }, T);
    if (ms > 0) expect(picture.holdAt(T + Math.min(ms, 1e9) - 1)).toBe(hold);
    if (ms < Infinity) expect(picture.holdAt(T + ms)).toBe('gone');
  });
});

describe('a stuck shard', () => {
  it('knows of records and commits nothing', () => {
    picture.read(records(T, '100'), T + 1_000);
    picture.read(records(T, '200'), T + 5_000);
    expect(picture.stuckMsAt(T + 61_000)).toBe(60_000);
    picture.commit(commit('100', T), T + 61_000);
    expect(picture.stuckMsAt(T + 61_500)).toBe(500);
  });

  it('is not one that is idle, waits for a service, waits for its policy, or walks over empty pages', () => {
    picture.read(page(), T);
    expect(picture.stuckMsAt(T + 1e9)).toBe(0);
    picture.read(page({ millisBehindLatest: 5_000 }), T + 1e9);
    expect(picture.stuckMsAt(T + 1e9)).toBe(0);
    picture.trouble({ shard: SHARD, of: 'checkpoint', code: 'DYNAMODB_UNAVAILABLE' }, T + 1e9);
    expect(picture.stuckMsAt(T + 2e9)).toBe(0);
    picture.trouble({ shard: SHARD, of: 'other' }, T + 2e9);
    expect(picture.stuckMsAt(T + 2e9 + 1_000)).toBe(1_000);
    picture.end({ shard: SHARD, code: 'HANDLER_FAILED', retryAfterMs: 1e9 }, T + 2e9);
    expect(picture.stuckMsAt(T + 2.5e9)).toBe(0);
  });
});

describe('records that the workflow has not heard of', () => {
  const committed = (records: number): CommittedMessage => {
    const message = commit('5', T);
    return { ...message, progress: { ...message.progress, totals: { ...PROGRESS.totals, records } } };
  };

  it('are those committed in the slice under way', () => {
    expect(picture.driftRecords).toBe(0);
    picture.commit(committed(10), T);
    picture.commit(committed(25), T);
    expect(picture.driftRecords).toBe(25);
  });

  it.each<[string, Parameters<ShardPicture['end']>[0], number]>([
    ['told at its end', { shard: SHARD, end: 'interval' }, 0],
    ['told by a failure of the handler', { shard: SHARD, code: 'HANDLER_FAILED' }, 0],
    ['not told by a slice that was paused', { shard: SHARD, end: 'paused' }, 10],
    ['not told by one that was fenced', { shard: SHARD, end: 'fenced' }, 10],
    ['not told by another error', { shard: SHARD, code: 'DYNAMODB_UNAVAILABLE' }, 10],
  ])('are %s', (_, end, drift) => {
    picture.commit(committed(10), T);
    picture.end(end, T);
    expect(picture.driftRecords).toBe(drift);
  });

  it('stay until a slice begins that knows of them', () => {
    picture.commit(committed(10), T);
    picture.end({ shard: SHARD, code: 'INTERNAL' }, T);
    picture.begin({ progress: PROGRESS }, T);
    expect(picture.driftRecords).toBe(10);
    picture.begin({ progress: { totals: { ...PROGRESS.totals, records: 10 } } }, T);
    expect(picture.driftRecords).toBe(0);
  });
});
