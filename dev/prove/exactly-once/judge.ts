import { checkSums, type SumsReport } from '../common/check-sums';
import type { Line } from '../common/lines';
import type { Amounts } from '../common/sink';
import { Violations, type ViolationList } from '../common/violations';

/** `EFFECTS`: every record has had its effect once. `DATA`: the run itself is broken: it proves nothing. */
export type SinkInvariant = 'EFFECTS' | 'DATA';

export interface SinkEvidence {
  /** What was put, by partition key. */
  readonly expected: Amounts;
  /** What each sink holds. */
  readonly sinks: readonly { readonly name: string; readonly found: Amounts }[];
  readonly lines: readonly Line[];
  readonly kills: number;
}

export interface SinkReport extends SumsReport {
  readonly name: string;
  /** Records given to the handler beyond the first time. A call that a kill cut short may be missing. */
  readonly repeats: number;
  /** Of them: those the sink knew already. */
  readonly refused: number;
}

export interface ExactlyOnceReport extends ViolationList<SinkInvariant> {
  readonly records: number;
  readonly kills: number;
  readonly claims: number;
  readonly fenced: number;
  /** Workers that ended without being told to. */
  readonly deaths: number;
  readonly sinks: readonly SinkReport[];
}

/** Judges a run by the sums of its sinks. Pure. */
export function judgeExactlyOnce({ expected, sinks, lines, kills }: SinkEvidence): ExactlyOnceReport {
  const violations = new Violations<SinkInvariant>();
  const records = [...expected.values()].reduce((sum, amount) => sum + amount.records, 0);
  if (records === 0)
    violations.add({ invariant: 'DATA', ids: [], message: 'no record was put: the run proves nothing' });
  const count = (kind: Line['kind']): number => lines.filter((line) => line.kind === kind).length;
  return {
    sinks: sinks.map(({ name, found }) => ({
      name,
      ...checkSums({ sink: name, expected, found }, violations),
      ...deliveriesOf(name, records, lines),
    })),
    ...violations.list(),
    records,
    kills,
    claims: count('claimed'),
    fenced: count('fenced'),
    deaths: count('died'),
  };
}

function deliveriesOf(name: string, records: number, lines: readonly Line[]): { repeats: number; refused: number } {
  let given = 0;
  let refused = 0;
  for (const line of lines) {
    if (line.kind !== 'effects' || line.sink !== name) continue;
    given += line.records;
    refused += line.refused;
  }
  return { repeats: Math.max(0, given - records), refused };
}
