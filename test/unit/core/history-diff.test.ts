import type { HistoryEntry } from '../../../src/core/history';
import { diffHistory } from '../../../src/core/history-diff';
import { renderDiff } from '../../../src/cli/history-diff-text';

function entry(id: string, from: number, to: number, more: Partial<HistoryEntry> = {}): HistoryEntry {
  return {
    id,
    atMs: 1_767_225_600_000 + Number(id.slice(1)) * 60_000,
    kind: 'read',
    from: { at: 'AFTER', sequenceNumber: String(from) },
    to: { at: 'AFTER', sequenceNumber: String(to) },
    generation: 0,
    records: Math.max(0, to - from),
    batches: 1,
    totalRecords: 1_000 + to,
    worker: 'w1',
    runId: 'run1',
    attempt: 1,
    events: [],
    ...more,
  };
}

const move = { how: 'rewind', isBack: true, by: 'jane', reason: 'wrong\nrates' } as const;
const entries = [
  entry('e1', 0, 5),
  entry('e2', 5, 9, { deadLettered: 1, filtered: 2, batches: 3 }),
  entry('e3', 9, 2, { kind: 'move', generation: 17, batches: 0, move }),
  entry('e4', 2, 4, { generation: 17, worker: 'w2', runId: 'run2', events: [{ kind: 'fenced', atMs: 5 }] }),
];

it('sums up what lies between two entries, and tells who moved the checkpoint and why', () => {
  expect(diffHistory(entries, 'e1', 'e4')).toEqual({
    from: expect.objectContaining({
      id: 'e1',
      position: entries[0]?.to,
      generation: 0,
      worker: 'w1',
      totalRecords: 1_005,
    }),
    to: expect.objectContaining({ id: 'e4', position: entries[3]?.to, generation: 17, worker: 'w2', runId: 'run2' }),
    direction: 'back',
    entries: 3,
    records: 6,
    batches: 4,
    filtered: 2,
    deadLettered: 1,
    workers: ['w1', 'w2'],
    moves: [{ id: 'e3', atMs: entries[2]?.atMs, from: entries[2]?.from, to: entries[2]?.to, ...move }],
    events: [{ kind: 'fenced', atMs: 5 }],
  });
});

it('has the earlier one first, in whatever order they are named', () => {
  expect(diffHistory(entries, 'e4', 'e1')).toEqual(diffHistory(entries, 'e1', 'e4'));
  expect(diffHistory(entries, 'e2', 'e1')).toMatchObject({ direction: 'forward', records: 4, moves: [] });
});

it('of an entry with itself is nothing', () => {
  expect(diffHistory(entries, 'e2', 'e2')).toMatchObject({ direction: 'same', entries: 0, records: 0, workers: [] });
});

it.each([
  ['e9', 'e1', 'e9'],
  ['e1', 'nope', 'nope'],
])('of %s and %s says which one is unknown, and what there is', (a, b, unknown) => {
  expect(() => diffHistory(entries, a, b)).toThrow(`no entry ${unknown}. It goes from e1 to e4.`);
  expect(() => diffHistory([], a, b)).toThrow('It is empty.');
});

it('is shown to people line by line, without control characters', () => {
  const text = renderDiff(diffHistory(entries, 'e1', 'e4'));
  expect(text).toContain('position      AFTER 5 -> AFTER 4 (back');
  expect(text).toContain('records       6 in 4 batches; in all 1,005 -> 1,004');
  expect(text).toContain('generation    0 -> 17');
  expect(text).toContain('writer        w1 (run run1, attempt 1) -> w2 (run run2, attempt 1)');
  expect(text).toMatch(/^ {2}2026-01-01T00:03:00.000Z rewind by jane, from AFTER 9 to AFTER 2: wrong\S*rates$/m);
  expect(renderDiff(diffHistory(entries, 'e1', 'e2'))).toContain('generation    unchanged');
});
