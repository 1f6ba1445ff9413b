import type { JournalEntry } from './journal-entries';
import { percentile } from './common/percentile';
import { Violations } from './common/violations';
import { collectRun } from './oracle-collect';
import { checkCommits } from './oracle-commits';
import { checkDuplicates } from './oracle-duplicates';
import type { RunFacts } from './oracle-facts';
import { checkLineage } from './oracle-lineage';
import { checkDataSet, checkKeyOrder } from './oracle-order';
import { checkCommitAfterEffect, checkLoss, checkOrigin } from './oracle-records';
import { checkReplay } from './oracle-replay';
import type { InvariantId, Report } from './oracle-report';
import { resumeTimesMs } from './oracle-resume';

export interface CheckOptions {
  /** The consumer's batch limit; with it, more uncommitted records than one batch are a violation of I5. */
  readonly maxBatchRecords?: number;
  /** Violations listed for each invariant; all are counted. Default 20. */
  readonly maxListed?: number;
}

/**
 * Judges a finished run from the journals of its processes, in any order of files. Pure: the same entries give the same
 * report. A missing `committed` or `claimed` entry (its worker was killed before it could write it) is never a violation.
 */
export async function checkRun(
  entries: Iterable<JournalEntry> | AsyncIterable<JournalEntry>,
  options: CheckOptions = {},
): Promise<Report> {
  const violations = new Violations<InvariantId>(options.maxListed);
  const run = await collectRun(entries, violations);
  checkDataSet(run, violations);
  checkOrigin(run, violations);
  checkLoss(run, violations);
  checkCommitAfterEffect(run, violations);
  checkKeyOrder(run, violations);
  checkReplay(run, violations);
  checkDuplicates(run, options.maxBatchRecords, violations);
  checkCommits(run, violations);
  checkLineage(run, violations);
  return summarise(run, violations);
}

function summarise(run: RunFacts, violations: Violations<InvariantId>): Report {
  const shards = [...run.shards.values()];
  const handlings = countHandlings(run);
  const kills = run.kills.length;
  const resumeMs = resumeTimesMs(run);
  return {
    ...violations.list(),
    records: run.acknowledged.size,
    lost: violations.count('I1'),
    orderInversions: violations.count('I3'),
    ...handlings,
    duplicatesPerKill: kills === 0 ? 0 : handlings.duplicates / kills,
    kills,
    commits: shards.reduce((sum, { writes }) => sum + writes.filter((write) => !write.isClaim).length, 0),
    commitsRefused: shards.reduce((sum, { slices }) => sum + countRefusals(slices.values()), 0),
    resumeMsP50: percentile(resumeMs, 0.5),
    resumeMsP99: percentile(resumeMs, 0.99),
  };
}

function countRefusals(slices: Iterable<{ refusals: readonly number[] }>): number {
  let count = 0;
  for (const { refusals } of slices) count += refusals.length;
  return count;
}

function countHandlings(run: RunFacts): { handled: number; duplicates: number; maxHandlings: number } {
  let handled = 0;
  let total = 0;
  let maxHandlings = 0;
  for (const { records } of run.shards.values()) {
    for (const { handlings } of records) {
      if (handlings > 0) handled += 1;
      total += handlings;
      maxHandlings = Math.max(maxHandlings, handlings);
    }
  }
  return { handled, duplicates: total - handled, maxHandlings };
}
