import { Option, type Command } from 'commander';
import { proofCommand, prove, whole, type ProofOptions, type ProofStage } from '../common/proof-command';
import { drillRun, type DrillOptions } from './run';
import { SCENARIOS } from './scenarios';
import { drillJson, drillTable } from './tables';

type Options = Omit<DrillOptions, keyof ProofStage> & ProofOptions;

export function restoreDrillCommand(): Command {
  return proofCommand(
    'restore-drill',
    'Loses rows, the table and workflows under load and kill -9, and restores them from each source',
  )
    .option('--rounds <n>', 'losses, each restored; so many are all', whole(1), SCENARIOS.length)
    .option('--records-per-round <n>', 'records to put in each', whole(10), 200)
    .option('--records-per-second <n>', 'pace of the producer', whole(1), 100)
    .option('--shards <n>', 'shards', whole(1), 3)
    .option('--kills <n>', 'rounds in which a worker is killed', whole(0), 4)
    .option('--workers <n>', 'worker processes', whole(2), 2)
    .addOption(new Option('--bug <name>', 'a planted bug that must be found').choices(['badExport']).hideHelp())
    .action((options: Options) =>
      prove(options, (stage) => drillRun({ ...options, ...stage }), { table: drillTable, json: drillJson }),
    );
}
