import { addRecord, amountsOf, type Amounts } from '../../../dev/prove/common/sink';
import type { Line } from '../../../dev/prove/common/lines';
import { judgeExactlyOnce, type SinkEvidence } from '../../../dev/prove/exactly-once/judge';

const RECORDS = Array.from({ length: 100 }, (_, at) => ({ partitionKey: `k${at % 7}`, value: at + 1 }));

function effects(sink: string, records: number, refused = 0): Line {
  return { kind: 'effects', sink, records, refused, t: 1, worker: 'w1' };
}

function evidence(found: Amounts, lines: readonly Line[] = []): SinkEvidence {
  return { expected: amountsOf(RECORDS), sinks: [{ name: 'run/plain', found }], lines, kills: 3 };
}

describe('the judge of sums', () => {
  it('finds nothing where the sink equals its input', () => {
    const lines = [effects('run/plain', 100), effects('run/plain', 20, 15), effects('run/other', 50)];
    const report = judgeExactlyOnce(evidence(amountsOf(RECORDS), lines));
    expect(report).toMatchObject({ ok: true, records: 100, kills: 3 });
    expect(report.sinks).toEqual([
      { name: 'run/plain', records: 100, missing: 0, surplus: 0, repeats: 20, refused: 15 },
    ]);
  });

  it.each([
    ['a record that is missing', RECORDS.slice(1), { missing: 1, surplus: 0 }],
    ['a record that counts twice', [...RECORDS, ...RECORDS.slice(5, 6)], { missing: 0, surplus: 1 }],
    [
      'a record instead of another',
      [...RECORDS.slice(1), { partitionKey: 'k0', value: 8 }],
      { missing: 0, surplus: 0 },
    ],
    [
      'records of the same sum',
      [
        ...RECORDS.filter(({ value }) => value !== 1 && value !== 15),
        ...[8, 8].map((value) => ({ partitionKey: 'k0', value })),
      ],
      { missing: 0, surplus: 0 },
    ],
    ['a key out of nowhere', [...RECORDS, { partitionKey: 'strange', value: 1 }], { missing: 0, surplus: 1 }],
  ])('finds %s', (_, records, sums) => {
    const report = judgeExactlyOnce(evidence(amountsOf(records)));
    expect(report.violationCounts).toEqual({ EFFECTS: 1 });
    expect(report.sinks[0]).toMatchObject(sums);
  });

  it('does not take an empty run for a proof', () => {
    const empty: SinkEvidence = { expected: new Map(), sinks: [], lines: [], kills: 0 };
    expect(judgeExactlyOnce(empty).violationCounts).toEqual({ DATA: 1 });
  });
});

it('adds up record by record as in batches', () => {
  const one: Amounts = new Map();
  for (const record of RECORDS) addRecord(one, record);
  expect(one).toEqual(amountsOf(RECORDS));
});
