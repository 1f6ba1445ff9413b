import fc from 'fast-check';
import {
  auditHistory as auditWith,
  estimateRecords,
  type Audit,
  type CurrentPlace,
  type HistoryEntry,
} from '../../../src/core/history';
import { TRIM_HORIZON, type Position } from '../../../src/core/positions';

const DAY_MS = 86_400_000;
const limits = { nowMs: 40 * DAY_MS, ttlMs: 30 * DAY_MS, sliceMs: 60_000 };
const auditHistory = (entries: readonly HistoryEntry[], current?: CurrentPlace): Audit =>
  auditWith(entries, current, limits);

const after = (n: number): Position => (n === 0 ? TRIM_HORIZON : { at: 'AFTER', sequenceNumber: String(n) });

function read(from: number, to: number, more: Partial<HistoryEntry> = {}): HistoryEntry {
  return {
    id: `e${from}-${to}`,
    atMs: to * 1_000,
    kind: 'read',
    from: after(from),
    to: after(to),
    generation: 0,
    records: Math.max(0, to - from),
    batches: 1,
    totalRecords: to,
    lastArrivalMs: to * 1_000,
    worker: 'w',
    runId: 'r',
    attempt: 1,
    events: [],
    ...more,
  };
}

const moved = (from: number, to: number, how: 'rewind' | 'skip' | 'undo', generation: number): HistoryEntry =>
  read(from, to, {
    kind: 'move',
    records: 0,
    generation,
    move: { how, isBack: to < from, by: 'jane', reason: 'a bug' },
  });

describe('auditHistory', () => {
  it.each<[string, HistoryEntry[], boolean, string[]]>([
    ['nothing at all', [], true, []],
    ['one after the other', [read(0, 3), read(3, 7)], true, []],
    ['a repeated slice whose report was lost', [read(0, 3), read(0, 5), read(5, 6)], true, []],
    ['a missing entry', [read(0, 3), read(5, 6)], false, ['gap AFTER 3 AFTER 5']],
    [
      'a rewind',
      [read(0, 9), moved(9, 2, 'rewind', 1), read(2, 9, { generation: 1 })],
      true,
      ['rewound AFTER 9 AFTER 2'],
    ],
    ['a skip', [read(0, 3), moved(3, 9, 'skip', 1), read(9, 10, { generation: 1 })], true, ['skipped AFTER 3 AFTER 9']],
    [
      'an undone skip',
      [read(0, 3), moved(3, 9, 'skip', 1), moved(9, 3, 'undo', 2), read(3, 4, { generation: 2 })],
      true,
      ['skipped AFTER 3 AFTER 9', 'rewound AFTER 9 AFTER 3'],
    ],
    [
      'what a zombie wrote before a rewind',
      [read(0, 9), moved(9, 2, 'rewind', 1), read(9, 12), read(2, 4, { generation: 1 })],
      true,
      ['rewound AFTER 9 AFTER 2'],
    ],
    [
      'a gap after a rewind',
      [read(0, 9), moved(9, 2, 'rewind', 1), read(5, 6, { generation: 1 })],
      false,
      ['rewound AFTER 9 AFTER 2', 'gap AFTER 2 AFTER 5'],
    ],
  ])('%s', (_, entries, isCovered, findings) => {
    const audit = auditHistory(entries);
    expect(audit.findings.map(({ kind, from, to }) => `${kind} ${from} ${to}`)).toEqual(findings);
    expect(audit.isCovered).toBe(isCovered);
  });

  it('says what is not recorded yet, and does not take it for a gap', () => {
    const audit = auditHistory([read(0, 3)], { position: after(5), generation: 0, committedAtMs: 10_000 });
    expect(audit).toMatchObject({ isCovered: true, through: after(3), findings: [{ kind: 'gap', to: 'AFTER 5' }] });
    expect(audit.findings[0]?.cause).toContain('not recorded yet');
  });

  it.each<[string, HistoryEntry[], CurrentPlace | undefined, boolean, RegExp | undefined]>([
    [
      'a gap at the end that is too old to be under way',
      [read(0, 3)],
      { position: after(9), generation: 0, committedAtMs: 4 * DAY_MS },
      false,
      /not written/,
    ],
    [
      'an end of the shard that is not recorded',
      [read(0, 3)],
      { position: { at: 'SHARD_END' }, generation: 0, committedAtMs: 3_001 },
      false,
      /not written/,
    ],
    [
      'a skip whose entry is missing',
      [read(0, 10), read(1_000, 1_010, { generation: 5 })],
      undefined,
      false,
      /move that is not recorded/,
    ],
    [
      'a rewind whose entry is missing',
      [read(0, 10), read(2, 12, { generation: 5 })],
      undefined,
      true,
      /move that is not recorded/,
    ],
    [
      'a generation that fell for good',
      [read(0, 10, { generation: 5 }), read(500, 900)],
      undefined,
      false,
      /taken back/,
    ],
    [
      'gaps after a generation that fell',
      [read(0, 10, { generation: 5 }), read(10, 20), read(50, 60)],
      undefined,
      false,
      /not written/,
    ],
    [
      'entries that have all expired',
      [],
      { position: { at: 'SHARD_END' }, generation: 0, committedAtMs: DAY_MS },
      true,
      undefined,
    ],
    [
      'no entry of a checkpoint that moves',
      [],
      { position: after(9), generation: 0, committedAtMs: 39 * DAY_MS },
      false,
      undefined,
    ],
    [
      'the first commits of a consumer',
      [],
      { position: after(9), generation: 0, committedAtMs: 40 * DAY_MS - 5_000 },
      true,
      undefined,
    ],
    [
      'a first slice after a start whose first attempt was lost',
      [read(0, 3), read(7, 9, { isAfterLoss: true })],
      undefined,
      true,
      undefined,
    ],
  ])('%s', (...row) => {
    const [, entries, current, isCovered, cause] = row;
    const audit = auditHistory(entries, current);
    expect(audit.isCovered).toBe(isCovered);
    if (cause) expect(audit.findings.map((finding) => finding.cause).join()).toMatch(cause);
  });

  it('reports what retention took', () => {
    const loss = { kind: 'dataLoss', atMs: 5, fromMs: 1, toMs: 2, cause: 'retention' } as const;
    expect(auditHistory([read(0, 3, { events: [loss] })])).toMatchObject({
      isCovered: false,
      findings: [{ kind: 'lost' }],
    });
  });

  it('finds exactly what was left out, whatever else is repeated', () => {
    const steps = fc.array(fc.record({ size: fc.integer({ min: 1, max: 5 }), back: fc.nat(3) }), { minLength: 1 });
    fc.assert(
      fc.property(steps, fc.nat(40), (given, pick) => {
        let end = 0;
        const entries = given.map(({ size, back }) => {
          const from = Math.max(0, end - back);
          end = Math.max(end, from + size);
          return read(from, from + size, { atMs: end });
        });
        expect(auditHistory(entries).isCovered).toBe(true);
        const left = entries.filter((_, index) => index !== pick % entries.length);
        let through = left[0]?.from ?? TRIM_HORIZON;
        const isHole = left.some((entry) => {
          const begins = BigInt('sequenceNumber' in entry.from ? entry.from.sequenceNumber : 0);
          const reached = BigInt('sequenceNumber' in through ? through.sequenceNumber : 0);
          const ends = BigInt('sequenceNumber' in entry.to ? entry.to.sequenceNumber : 0);
          if (ends > reached) through = entry.to;
          return begins > reached;
        });
        expect(auditHistory(left).isCovered).toBe(!isHole);
      }),
    );
  });
});

describe('estimateRecords', () => {
  const entries = [read(0, 10), read(10, 30), read(30, 40)];
  it.each<[string, Position, Position, number | undefined]>([
    ['counts the entries on the way back', after(40), after(10), 30],
    ['counts an entry that is touched as a whole', after(40), after(20), 30],
    ['goes by time', after(40), { at: 'AT_TIMESTAMP', timestampMs: 35_000 }, 10],
    ['does not know what was before the history', after(40), { at: 'AT_TIMESTAMP', timestampMs: 5 }, undefined],
    ['counts nothing where nothing lies between', after(40), after(40), 0],
  ])('%s', (_, from, to, records) => expect(estimateRecords(entries, from, to)).toBe(records));

  it('knows nothing without a history', () => expect(estimateRecords([], after(4), after(1))).toBeUndefined());
});
