import fc from 'fast-check';
import {
  failuresLeft,
  foldPlan,
  foldReplaySlice,
  initialReplayState,
  MAX_FAILURES,
  MAX_LISTED_FAILURES,
  readyShards,
  replayStatusOf,
  type PlannedShard,
  type ReplayRequest,
  type ReplaySliceResult,
  type ReplayState,
  type ReplayWorkflowInput,
} from '../../../src/core/replay';
import { describeReplay, describeRequest } from '../../../src/core/replay-details';
import { cautionAfter, deathsBefore, widthAfterSuccess } from '../../../src/core/replay-caution';
import { estimateBetween } from '../../../src/core/replay-estimate';
import {
  paceOf,
  pauseAfterRead,
  shareOfAll,
  shareOfSpan,
  withMark,
  type PaceMark,
} from '../../../src/core/replay-pace';
import type { HistoryEntry } from '../../../src/core/history';

const TIMING = { heartbeatTimeoutMs: 10_000, shardSyncIntervalMs: 60_000 };
const request: ReplayRequest = {
  id: 'r1',
  stream: { consumer: 'delays', streamName: 'flights', streamArn: 'arn', createdAtMs: 1 },
  range: { from: { at: 'AT_TIMESTAMP', timestampMs: 1_000 }, to: { at: 'AT_TIMESTAMP', timestampMs: 2_000 } },
  span: { fromMs: 1_000, toMs: 2_000 },
  dryRun: false,
  onFailure: 'continue',
  by: 'jane',
  startedAtMs: 5_000,
};
const input: ReplayWorkflowInput = { ...request, timing: TIMING, searchAttributes: false, parallel: 8 };

const shards = (...ids: string[]): PlannedShard[] => ids.map((shardId) => ({ shardId, parentShardIds: [] }));

function planned(...ids: string[]): ReplayState {
  return foldPlan(initialReplayState(input), { shards: shards(...ids), timing: TIMING }, 10_000);
}

function result(change: Partial<ReplaySliceResult> = {}, records = 10, failed = 0): ReplaySliceResult {
  const counts = { records, filtered: 0, failed };
  const failures = Array.from({ length: failed }, (_, index) => {
    return { shardId: 'a', sequenceNumber: String(index), code: 'HANDLER_FAILED' as const, message: 'm', attempts: 1 };
  });
  const byCode = failed === 0 ? {} : { HANDLER_FAILED: failed };
  return { end: 'interval', shard: {}, counts, byCode, failures, timing: TIMING, worker: 'w', ...change };
}

interface Fold extends Partial<ReplayRequest> {
  readonly atMs?: number;
}

const fold = (state: ReplayState, of: ReplaySliceResult, shardId = 'a', { atMs = 20_000, ...more }: Fold = {}) =>
  foldReplaySlice(state, of, { request: { ...request, ...more }, shardId, atMs });

describe('which shards are next', () => {
  it('is each once its parents are done, in order, and no more than may run', () => {
    const left: PlannedShard[] = [
      ...shards('a', 'b'),
      { shardId: 'c', parentShardIds: ['a'] },
      { shardId: 'd', parentShardIds: ['gone'] },
    ];
    expect(readyShards(left, new Set(), 8)).toEqual(['a', 'b', 'd']);
    expect(readyShards(left, new Set(['a']), 2)).toEqual(['b']);
    expect(readyShards(left, new Set(['a', 'b']), 2)).toEqual([]);
    expect(readyShards(left.slice(1), new Set(), 8)).toEqual(['b', 'c', 'd']);
  });

  it('brings every shard of any lineage once, parents before children, whatever ends first', () => {
    const lineage = fc.array(fc.array(fc.nat(30), { maxLength: 2 }), { minLength: 1, maxLength: 30 }).map((parents) =>
      parents.map((indexes, index): PlannedShard => {
        const before = index === 0 ? [] : indexes.map((one) => `s${one % index}`);
        return { shardId: `s${index}`, parentShardIds: [...new Set(before)] };
      }),
    );
    fc.assert(
      fc.property(lineage, fc.integer({ min: 1, max: 4 }), fc.infiniteStream(fc.nat(3)), (all, parallel, picks) => {
        let left = all;
        const running = new Set<string>();
        const done: string[] = [];
        while (left.length > 0) {
          for (const id of readyShards(left, running, parallel)) running.add(id);
          expect(running.size).toBeGreaterThan(0);
          expect(running.size).toBeLessThanOrEqual(parallel);
          const under = [...running];
          const id = under[(picks.next().value ?? 0) % under.length] ?? '';
          for (const parent of all.find(({ shardId }) => shardId === id)?.parentShardIds ?? [])
            expect(done).toContain(parent);
          running.delete(id);
          done.push(id);
          left = left.filter(({ shardId }) => shardId !== id);
        }
        expect(done.toSorted()).toEqual(all.map(({ shardId }) => shardId).toSorted());
      }),
    );
  });
});

describe('the state of a replay', () => {
  it('adds what slices bring, and is done with the last shard', () => {
    let state = fold(planned('a', 'b'), result({ shard: { lastArrivalMs: 1_500 } }));
    expect(replayStatusOf(request, state, 2)).toMatchObject({
      done: false,
      percent: 25,
      records: 10,
      shards: 2,
      shardsDone: 0,
      shardsRunning: 2,
      recordsPerSecond: 1,
      leftMs: 30_000,
    });
    state = fold(state, result({ end: 'rangeEnd' }), 'a', { atMs: 30_000 });
    expect(state).toMatchObject({ left: [{ shardId: 'b' }], begun: {}, slices: 2, worker: 'w' });
    expect(state.end).toBeUndefined();
    state = fold(state, result({ end: 'rangeEnd' }), 'b', { atMs: 40_000 });
    const status = replayStatusOf({ ...request, reason: 'r' }, state, 0);
    expect(status).toMatchObject({ done: true, end: 'done', percent: 100, records: 30, shardsDone: 2, reason: 'r' });
    expect(status.leftMs).toBeUndefined();
    expect(describeReplay(status)).toContain('- **State**: **done**');
    expect(describeReplay(status)).toContain('by jane at 1970-01-01T00:00:05.000Z: r');
  });

  it('is done at once where there is nothing', () => {
    expect(planned().end).toBe('done');
    expect(replayStatusOf(request, initialReplayState(input), 0)).toMatchObject({ isPlanned: false, percent: 0 });
  });

  it('goes on from what was carried', () => {
    const carried = fold(planned('a'), result());
    expect(initialReplayState({ ...input, carried })).toBe(carried);
  });

  it('ends at a failure where that is asked for, and keeps that end', () => {
    const state = fold(planned('a', 'b'), result({ end: 'failed' }, 1, 1), 'a', { onFailure: 'stop' });
    expect(state.end).toBe('stopped');
    expect(fold(state, result({ end: 'rangeEnd' }), 'b').end).toBe('stopped');
  });

  it('lists some failures, counts all, and ends when they are too many; a dry run never does', () => {
    let state = planned('a');
    for (let slice = 0; slice < 3; slice += 1) state = fold(state, result({}, 60, 60));
    expect(state.failures).toHaveLength(MAX_LISTED_FAILURES);
    expect(state).toMatchObject({ counts: { failed: 180 }, byCode: { HANDLER_FAILED: 180 } });
    expect(failuresLeft(state, request)).toBe(MAX_FAILURES - 180);
    expect(failuresLeft(state, { ...request, onFailure: 'stop' })).toBe(1);
    const many = result({}, MAX_FAILURES, MAX_FAILURES);
    expect(fold(state, many).end).toBe('tooManyFailures');
    expect(fold(state, many, 'a', { dryRun: true }).end).toBeUndefined();
    expect(failuresLeft(fold(state, many), { ...request, dryRun: true })).toBeGreaterThan(MAX_FAILURES);
  });

  it('is told in words', () => {
    expect(describeRequest({ ...request, dryRun: true, shardId: 's' })).toBe(
      'dry run of 1970-01-01T00:00:01.000Z to 1970-01-01T00:00:02.000Z of s',
    );
    const failed = fold(planned('a'), result({ loss: { fromMs: 0, toMs: 1, cause: 'retention' } }, 5, 2));
    const text = describeReplay(replayStatusOf(request, failed, 1));
    expect(text).toContain('- **Failed**: 2 (HANDLER_FAILED 2)');
    expect(text).toContain('- **Lost**: retention took');
    expect(text).toContain('- **Shards**: 0 of 1 done, 1 being read');
  });
});

describe('pace', () => {
  it.each([
    [{ fromMs: 0, toMs: 100 }, 25, 0.25],
    [{ fromMs: 0, toMs: 100 }, 200, 1],
    [{ fromMs: 0, toMs: 100 }, -5, 0],
    [{ fromMs: 100, toMs: 100 }, 100, 0],
    [{ fromMs: 0, toMs: 100 }, undefined, 0],
  ])('the share of %j at %p is %p', (span, arrivalMs, share) => {
    expect(shareOfSpan(span, arrivalMs)).toBe(share);
  });

  it('is none before something moves', () => {
    expect(paceOf([])).toEqual({ recordsPerSecond: 0 });
    expect(paceOf([{ atMs: 1, records: 0, share: 0 }])).toEqual({ recordsPerSecond: 0 });
    const still = [1_000, 2_000].map((atMs) => ({ atMs, records: 5, share: 0.5 }));
    expect(paceOf(still)).toEqual({ recordsPerSecond: 0 });
    expect(shareOfAll(0, 0, [])).toBe(0);
    expect(shareOfAll(4, 1, [0.5, 0.5])).toBe(0.5);
  });

  it('forgets what was long ago, and carries few marks', () => {
    let marks: readonly PaceMark[] = [{ atMs: 0, records: 0, share: 0 }];
    // A minute and a half of nothing, then 100 records a second.
    for (let second = 1; second <= 180; second += 1)
      marks = withMark(marks, { atMs: second * 1_000, records: Math.max(0, second - 90) * 100, share: 0 });
    expect(Math.round(paceOf(marks).recordsPerSecond)).toBe(100);
    expect(marks.length).toBeLessThanOrEqual(35);
    expect(marks.at(-1)?.atMs).toBe(180_000);
  });

  it('tells the time that is left of a steady replay', () => {
    fc.assert(
      fc.property(fc.integer({ min: 10, max: 500 }), fc.integer({ min: 1, max: 99 }), (seconds, percent) => {
        let marks: readonly PaceMark[] = [{ atMs: 0, records: 0, share: 0 }];
        const end = Math.max(1, Math.floor((seconds * percent) / 100));
        for (let at = 1; at <= end; at += 1)
          marks = withMark(marks, { atMs: at * 1_000, records: at * 7, share: at / seconds });
        const { recordsPerSecond, leftMs = 0 } = paceOf(marks);
        expect(recordsPerSecond).toBeCloseTo(7);
        expect(Math.abs(leftMs - (seconds - end) * 1_000)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('leaves the live consumer half of what Kinesis gives', () => {
    expect(pauseAfterRead(0)).toBe(400);
    expect(pauseAfterRead(2_000_000)).toBe(2_000);
  });
});

describe('caution after deaths', () => {
  it('tries fewer together, and gives the first one up after it was alone as often as the policy allows', () => {
    const steps = Array.from({ length: 8 }, (_, deaths) => cautionAfter(deaths, 1_000, 2));
    expect(steps.map(({ maxRecords }) => maxRecords)).toEqual([1_000, 125, 15, 1, 1, 1, 1, 1]);
    expect(steps.map(({ hasKilled }) => hasKilled)).toEqual([false, false, false, false, false, true, true, true]);
    expect(widthAfterSuccess(1, 1_000)).toBe(8);
    expect(widthAfterSuccess(500, 1_000)).toBe(1_000);
  });

  it('counts attempts that ended without a word, right before this one', () => {
    expect(deathsBefore(1, undefined)).toBe(0);
    expect(deathsBefore(4, undefined)).toBe(3);
    expect(deathsBefore(4, { from: 2, to: 2, code: 'INTERNAL' })).toBe(1);
    expect(deathsBefore(4, { from: 1, to: 3, code: 'INTERNAL' })).toBe(0);
  });
});

describe('the estimate of a range', () => {
  const entry = (lastArrivalMs: number, records: number, more: Partial<HistoryEntry> = {}) =>
    ({
      kind: 'read',
      from: { at: 'AFTER', sequenceNumber: '1' },
      lastArrivalMs,
      records,
      ...more,
    }) as HistoryEntry;

  it.each([
    ['whole entries', { fromMs: 1_000, toMs: 3_000 }, 30],
    ['parts of entries', { fromMs: 1_500, toMs: 2_500 }, 15],
    ['nothing', { fromMs: 3_500, toMs: 4_000 }, 0],
    ['what is older than the history', { fromMs: 500, toMs: 2_000 }, undefined],
  ])('of %s', (_, span, records) => {
    const entries = [entry(1_000, 99), entry(2_000, 10), entry(1_500, 77), entry(3_000, 20)];
    expect(estimateBetween(entries, span)).toBe(records);
  });

  it('begins with the shard where the history does', () => {
    const entries = [entry(2_000, 10, { from: { at: 'TRIM_HORIZON' } })];
    expect(estimateBetween(entries, { fromMs: 0, toMs: 3_000 })).toBe(10);
    expect(estimateBetween([], { fromMs: 0, toMs: 3_000 })).toBeUndefined();
  });
});
