import { Option, type Command } from 'commander';
import { proofCommand, prove, whole, type ProofOptions, type ProofStage } from '../common/proof-command';
import { lostRepliesRun, type LostRepliesOptions } from './run';
import { lostRepliesJson, lostRepliesTable } from './tables';

type Options = Omit<LostRepliesOptions, keyof ProofStage> & ProofOptions;

export function lostRepliesCommand(): Command {
  return proofCommand(
    'lost-replies',
    'Counts records in DynamoDB while one in five of its replies is dropped after the request was executed',
  )
    .option('--records <n>', 'records to put', whole(1), 6_000)
    .option('--shards <n>', 'shards', whole(1), 4)
    .option('--poisons <n>', 'records that cannot be handled', whole(0), 9)
    .option('--workers <n>', 'worker processes', whole(1), 2)
    .option('--records-per-second <n>', 'pace of the producer', whole(1), 500)
    .addOption(new Option('--bug <name>', 'a planted bug that must be found').choices(['outside']).hideHelp())
    .action((options: Options) =>
      prove(options, (stage) => lostRepliesRun({ ...options, ...stage }), {
        table: lostRepliesTable,
        json: lostRepliesJson,
      }),
    );
}
