import type { Violation, ViolationList } from '../common/violations';
import { Violations } from '../common/violations';
import type { InvariantId, Report } from '../oracle-report';
import type { Restored } from './drill';
import { describeRound, SOURCES, type Round, type Source } from './scenarios';

/**
 * Beside the oracle's:
 *
 * - `RESTORED`: what was restored is what was.
 * - `AGAIN`: no more is handled again than was committed beyond what the source knows, and what was in flight.
 * - `ROUNDS`: not every round was made: the run proves nothing of the others.
 */
export type DrillInvariant = InvariantId | 'RESTORED' | 'AGAIN' | 'ROUNDS';

export interface RoundFacts extends Restored {
  readonly round: Round;
  /** From the loss until every shard has handled what was put after it was restored. */
  readonly recoverMs: number;
  /** Records handled again meanwhile. */
  readonly again: number;
  /** Most records that may have been in flight. */
  readonly slack: number;
}

export interface DrillEvidence {
  readonly rounds: readonly RoundFacts[];
  readonly planned: number;
}

export interface SourceReport {
  readonly source: Source;
  readonly rounds: number;
  readonly maxRestoreMs: number;
  readonly maxRecoverMs: number;
  readonly again: number;
}

export interface DrillReport extends ViolationList<DrillInvariant> {
  readonly records: number;
  readonly lost: number;
  readonly duplicates: number;
  readonly maxHandlings: number;
  readonly kills: number;
  readonly rounds: number;
  readonly sources: readonly SourceReport[];
}

const NOTHING: DrillEvidence = { rounds: [], planned: 1 };

/** Judges a drill by the oracle's report and what the rounds found. Pure. */
export function judgeDrill(oracle: Report, { rounds, planned }: DrillEvidence = NOTHING): DrillReport {
  const { records, lost, duplicates, maxHandlings, kills } = oracle;
  return {
    ...united(oracle, drillViolations(rounds, planned).list()),
    records,
    lost,
    duplicates,
    maxHandlings,
    kills,
    rounds: rounds.length,
    sources: SOURCES.flatMap((source) => sourceReport(source, rounds)),
  };
}

function drillViolations(rounds: readonly RoundFacts[], planned: number): Violations<DrillInvariant> {
  const violations = new Violations<DrillInvariant>();
  for (const [index, { round, differences, again, beyond, slack }] of rounds.entries()) {
    const name = `round ${index + 1}: ${describeRound(round)}`;
    for (const difference of differences)
      violations.add({ invariant: 'RESTORED', ids: [name, difference], message: `${name}: ${difference}` });
    if (beyond === undefined || again <= beyond + slack) continue;
    const message = `${name}: ${again} records were handled again, with ${beyond} beyond the source and at most ${slack} in flight`;
    violations.add({ invariant: 'AGAIN', ids: [name], message });
  }
  if (rounds.length < planned)
    violations.add({ invariant: 'ROUNDS', ids: [], message: `${rounds.length} of ${planned} rounds were made` });
  return violations;
}

function united(a: ViolationList<InvariantId>, b: ViolationList<DrillInvariant>): ViolationList<DrillInvariant> {
  const violations: Violation<DrillInvariant>[] = [...a.violations, ...b.violations];
  return { ok: a.ok && b.ok, violations, violationCounts: { ...a.violationCounts, ...b.violationCounts } };
}

function sourceReport(source: Source, rounds: readonly RoundFacts[]): SourceReport[] {
  const own = rounds.filter(({ round }) => round.source === source);
  if (own.length === 0) return [];
  return [
    {
      source,
      rounds: own.length,
      maxRestoreMs: Math.round(Math.max(...own.map(({ restoreMs }) => restoreMs))),
      maxRecoverMs: Math.round(Math.max(...own.map(({ recoverMs }) => recoverMs))),
      again: own.reduce((sum, { again }) => sum + again, 0),
    },
  ];
}
