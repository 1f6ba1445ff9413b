import fc from 'fast-check';
import {
  ARRIVAL_SLACK_MS,
  describeRange,
  isCaughtUpWith,
  isOfOneShard,
  placeInRange,
  problemOfRange,
  selectInRange,
  type PlacedRecord,
  type ReplayRange,
} from '../../../src/core/replay-range';

const TRIM_HORIZON = { at: 'TRIM_HORIZON' } as const;
const at = (timestampMs: number) => ({ at: 'AT_TIMESTAMP', timestampMs }) as const;
const from = (sequenceNumber: string) => ({ at: 'FROM', sequenceNumber }) as const;
const after = (sequenceNumber: string) => ({ at: 'AFTER', sequenceNumber }) as const;
const record = (sequenceNumber: number, arrivalMs: number): PlacedRecord => ({
  sequenceNumber: String(sequenceNumber),
  arrivalMs,
});

describe('where a record stands', () => {
  const times: ReplayRange = { from: at(1_000), to: at(2_000) };
  const numbers: ReplayRange = { from: from('010'), to: after('20') };
  it.each([
    [times, record(1, 999), 'before'],
    [times, record(1, 1_000), 'inside'],
    [times, record(1, 2_000), 'inside'],
    [times, record(1, 2_001), 'behind'],
    [times, record(1, 2_000 + ARRIVAL_SLACK_MS), 'behind'],
    [times, record(1, 2_001 + ARRIVAL_SLACK_MS), 'over'],
    [numbers, record(9, 0), 'before'],
    [numbers, record(10, 9_999), 'inside'],
    [numbers, record(20, 0), 'inside'],
    [numbers, record(21, 0), 'over'],
    [{ from: TRIM_HORIZON, to: at(5) }, record(1, 0), 'inside'],
  ] as const)('%j %j: %s', (range, one, place) => {
    expect(placeInRange(one, range)).toBe(place);
  });
});

describe('the records of a batch', () => {
  it('are those in the range, whatever order their arrivals have within the slack', () => {
    const records = [
      record(1, 900),
      record(2, 1_500),
      record(3, 2_100),
      record(4, 1_990),
      record(5, 3_001),
      record(6, 1_500),
    ];
    expect(selectInRange(records, { from: at(1_000), to: at(2_000) })).toEqual({
      inside: [records[1], records[3]],
      isOver: true,
    });
  });

  it('end with the named record, so that nothing more is read', () => {
    const records = [record(1, 0), record(2, 0)];
    expect(selectInRange(records, { from: TRIM_HORIZON, to: after('02') })).toEqual({ inside: records, isOver: true });
    expect(selectInRange(records, { from: TRIM_HORIZON, to: after('3') })).toEqual({ inside: records, isOver: false });
    expect(selectInRange([], { from: TRIM_HORIZON, to: after('3') })).toEqual({ inside: [], isOver: false });
  });

  it('read batch by batch up to the end, are every record of the range and no other', () => {
    const shard = fc
      .array(fc.record({ gapMs: fc.nat(800), jitterMs: fc.integer({ min: -400, max: 400 }) }), { maxLength: 40 })
      .map((steps) => {
        let nowMs = 10_000;
        return steps.map(({ gapMs, jitterMs }, index) => record(index + 1, (nowMs += gapMs) + jitterMs));
      });
    const times = fc.tuple(fc.integer({ min: 9_000, max: 30_000 }), fc.nat(15_000));
    fc.assert(
      fc.property(shard, times, fc.integer({ min: 1, max: 7 }), (records, [fromMs, lengthMs], size) => {
        const range: ReplayRange = { from: at(fromMs), to: at(fromMs + lengthMs) };
        const read: PlacedRecord[] = [];
        for (let start = 0; start < records.length; start += size) {
          const { inside, isOver } = selectInRange(records.slice(start, start + size), range);
          read.push(...inside);
          if (isOver) break;
        }
        const wanted = records.filter(({ arrivalMs }) => arrivalMs >= fromMs && arrivalMs <= fromMs + lengthMs);
        expect(read).toEqual(wanted);
      }),
    );
  });
});

it.each([
  [at(1_000), undefined, false],
  [at(1_000), 1_000 + ARRIVAL_SLACK_MS, false],
  [at(1_000), 1_001 + ARRIVAL_SLACK_MS, true],
  [after('5'), 1, true],
  [after('5'), undefined, false],
] as const)('a shard with nothing more, caught up with %j at %p, is done: %p', (to, caughtUpAtMs, isDone) => {
  expect(isCaughtUpWith(to, caughtUpAtMs)).toBe(isDone);
});

it.each([
  [{ from: at(1), to: at(2) }, undefined],
  [{ from: at(3), to: at(2) }, 'The range begins after its end'],
  [{ from: from('3'), to: after('3') }, undefined],
  [{ from: from('4'), to: after('3') }, 'The range begins after its end'],
  [{ from: TRIM_HORIZON, to: at(5_000 + ARRIVAL_SLACK_MS) }, undefined],
  [{ from: TRIM_HORIZON, to: at(5_001 + ARRIVAL_SLACK_MS) }, 'The end of the range is still to come'],
] as [ReplayRange, string | undefined][])('the range %j at 5 s: %s', (range, problem) => {
  expect(problemOfRange(range, 5_000)).toBe(problem);
});

it('a range tells what it is', () => {
  expect(describeRange({ from: TRIM_HORIZON, to: at(0) })).toBe('TRIM_HORIZON to 1970-01-01T00:00:00.000Z');
  expect(describeRange({ from: at(0), to: after('7') })).toBe('1970-01-01T00:00:00.000Z to 7');
  expect(describeRange({ from: from('3'), to: after('7') })).toBe('3 to 7');
  expect([at(1), TRIM_HORIZON].map((start) => isOfOneShard({ from: start, to: at(2) }))).toEqual([false, false]);
  expect(isOfOneShard({ from: from('1'), to: at(2) })).toBe(true);
  expect(isOfOneShard({ from: at(1), to: after('2') })).toBe(true);
});
