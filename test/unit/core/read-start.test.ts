import fc from 'fast-check';
import { SHARD_END, TRIM_HORIZON, type Position } from '../../../src/core/positions';
import { planReadStart, type ReadStartInput } from '../../../src/core/read-start';
import { positions } from './arbitraries';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const nowMs = 1_000 * HOUR;
const retentionMs = 24 * HOUR;
const position: Position = { at: 'AFTER', sequenceNumber: '4961' };
const afterIterator = { type: 'AFTER_SEQUENCE_NUMBER', sequenceNumber: '4961' };
const plan = (more: Partial<ReadStartInput>) => planReadStart({ position, nowMs, retentionMs, ...more });

describe('planReadStart', () => {
  it('begins where a shard without a commit begins', () => {
    expect(plan({ position: TRIM_HORIZON })).toEqual({ iterator: { type: 'TRIM_HORIZON' } });
    expect(plan({ position: { at: 'AT_TIMESTAMP', timestampMs: 5 } })).toEqual({
      iterator: { type: 'AT_TIMESTAMP', timestampMs: 5 },
    });
    expect(plan({ position: SHARD_END })).toEqual({ iterator: { type: 'TRIM_HORIZON' } });
  });

  it.each<[string, Partial<ReadStartInput>]>([
    ['the last record is inside retention', { lastArrivalMs: nowMs - HOUR }],
    ['nobody knows when the last record arrived', {}],
    ['the last record lies exactly on the edge', { lastArrivalMs: nowMs - retentionMs - MINUTE }],
    [
      'the shard was caught up and the last record is inside retention',
      { lastArrivalMs: nowMs - HOUR, caughtUpAtMs: nowMs },
    ],
  ])('goes on after the committed record if %s', (_, facts) =>
    expect(plan(facts)).toEqual({ iterator: afterIterator }),
  );

  it('reads an aggregate again of which only a part is committed', () => {
    const part: Position = { at: 'AFTER', sequenceNumber: '4961', subSequenceNumber: 3 };
    expect(plan({ position: part }).iterator).toEqual({ type: 'AT_SEQUENCE_NUMBER', sequenceNumber: '4961' });
  });

  it('case 9: a checkpoint older than retention goes to the trim horizon and names the window', () => {
    const lastArrivalMs = nowMs - retentionMs - MINUTE - 1;
    const loss = { fromMs: lastArrivalMs, toMs: nowMs - retentionMs, cause: 'retention' };
    expect(plan({ lastArrivalMs })).toEqual({ iterator: { type: 'TRIM_HORIZON' }, loss });
  });

  it('case 9: the window starts when the shard was last caught up, if that was later', () => {
    const caughtUpAtMs = nowMs - 30 * HOUR;
    expect(plan({ lastArrivalMs: nowMs - 40 * HOUR, caughtUpAtMs }).loss).toMatchObject({ fromMs: caughtUpAtMs });
    expect(plan({ lastArrivalMs: nowMs - 29 * HOUR, caughtUpAtMs }).loss).toMatchObject({ fromMs: nowMs - 29 * HOUR });
  });

  it('case 10: an idle shard resumes shortly before it was last caught up, and nothing was lost', () => {
    const caughtUpAtMs = nowMs - 2 * HOUR;
    expect(plan({ lastArrivalMs: nowMs - 100 * HOUR, caughtUpAtMs })).toEqual({
      iterator: { type: 'AT_TIMESTAMP', timestampMs: caughtUpAtMs - MINUTE },
    });
  });

  it('case 11: retention shortened below the lag is a loss, too', () => {
    const lastArrivalMs = nowMs - 3 * HOUR;
    expect(plan({ lastArrivalMs }).loss).toBeUndefined();
    expect(plan({ lastArrivalMs, retentionMs: 2 * HOUR }).loss).toEqual({
      fromMs: lastArrivalMs,
      toMs: nowMs - 2 * HOUR,
      cause: 'retention',
    });
  });

  it('never leaves a gap unnamed, and never names one that is empty', () => {
    const times = fc.option(fc.integer({ min: 0, max: nowMs }), { nil: undefined });
    fc.assert(
      fc.property(positions, times, times, (at, lastArrivalMs, caughtUpAtMs) => {
        const { iterator, loss } = plan({ position: at, lastArrivalMs, caughtUpAtMs });
        if (loss) expect(loss.fromMs).toBeLessThan(loss.toMs);
        const seenUpToMs = Math.max(lastArrivalMs ?? nowMs, caughtUpAtMs ?? 0);
        const isNumbered = at.at === 'AFTER' || at.at === 'FROM';
        const skips = isNumbered && iterator.type === 'TRIM_HORIZON';
        expect(loss !== undefined).toBe(skips);
        if (skips) expect(seenUpToMs).toBeLessThan(nowMs - retentionMs);
        if (isNumbered && iterator.type === 'AT_TIMESTAMP')
          expect(iterator.timestampMs).toBeLessThan(caughtUpAtMs ?? 0);
      }),
    );
  });
});
