import type { Command } from 'commander';
import { proofCommand, prove, whole, type ProofOptions } from '../common/proof-command';
import { factsTable, milliseconds } from '../common/facts-table';
import { percentile } from '../common/percentile';
import type { Outcome } from '../common/conduct';
import { crashRun, type ControlReport, type CrashRunOptions } from '../crash/run';
import { reportJson } from '../crash/tables';

type ControlOptions = Omit<CrashRunOptions, 'folder' | 'signal' | 'log'> & ProofOptions;

export function controlCommand(): Command {
  return proofCommand('control', 'An operator pauses, rewinds, skips, undoes and restores while workers are killed')
    .option('--records <n>', 'records to put', whole(1), 5_000)
    .option('--shards <n>', 'shards at the start', whole(1), 4)
    .option('--orders <n>', 'orders of the operator', whole(1), 24)
    .option('--kills <n>', 'signals to workers: SIGKILL, SIGSTOP with SIGCONT, SIGTERM', whole(0), 4)
    .option('--reshards <n>', 'splits and merges', whole(0), 1)
    .option('--workers <n>', 'worker processes', whole(2), 3)
    .option('--step-ms <n>', 'time between two steps that the producer fills', whole(1), 2_000)
    .action((options: ControlOptions) =>
      prove(options, async (stage) => judged(await crashRun({ ...options, kinesis: 'scripted', ...stage })), {
        table: (report, { seed }, elapsedMs) =>
          factsTable({ ...factsOf(report), time: `${(elapsedMs / 1_000).toFixed(1)} s`, seed }),
        json: (report, { seed }) => ({ ...reportJson(report, seed), ...factsOf(report) }),
      }),
    );
}

/** What the history does not account for is a problem of the run, as much as what the oracle finds. */
function judged(outcome: Outcome<ControlReport>): Outcome<ControlReport> {
  const { uncovered = [] } = outcome.report.orders ?? {};
  if (uncovered.length === 0 || outcome.problem !== undefined) return outcome;
  return { ...outcome, problem: new Error(`the audit does not account for ${uncovered.join(', ')}`) };
}

function factsOf({ records, lost, orderInversions, duplicates, maxHandlings, kills, orders }: ControlReport) {
  const { given = 0, refused = 0, answeredMs = [], uncovered = [] } = orders ?? {};
  return {
    records,
    lost,
    orderInversions,
    duplicates,
    maxHandlings,
    kills,
    orders: given,
    refused,
    answeredP50: milliseconds(percentile(answeredMs, 0.5)),
    answeredP99: milliseconds(percentile(answeredMs, 0.99)),
    answeredUnder2s: answeredMs.filter((ms) => ms < 2_000).length,
    uncovered: uncovered.length,
  };
}
