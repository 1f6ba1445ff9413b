import { Option, type Command } from 'commander';
import { proofCommand, prove, whole, type ProofOptions } from '../common/proof-command';
import { HANDLER_BUGS } from '../worker-config';
import { crashRun, SOURCES, type CrashRunOptions } from './run';
import { reportJson, reportTable } from './tables';

type CrashOptions = Omit<CrashRunOptions, 'folder' | 'signal' | 'log'> & ProofOptions;

export function crashCommand(): Command {
  return proofCommand(
    'crash',
    'Consumes a stream while workers are killed, frozen and stopped and shards are split and merged',
  )
    .option('--records <n>', 'records to put', whole(1), 20_000)
    .option('--shards <n>', 'shards at the start', whole(1), 4)
    .option('--kills <n>', 'signals to workers: SIGKILL, SIGSTOP with SIGCONT, SIGTERM', whole(0), 10)
    .option('--reshards <n>', 'splits and merges', whole(0), 2)
    .option('--workers <n>', 'worker processes', whole(2), 3)
    .option('--step-ms <n>', 'time between two steps of faults that the producer fills', whole(1), 7_000)
    .addOption(new Option('--kinesis <server>', 'which Kinesis').choices(['scripted', 'local']).default('scripted'))
    .addOption(
      new Option('--source <source>', 'how workers read; fan-out needs the scripted Kinesis')
        .choices(SOURCES)
        .default('polling'),
    )
    .addOption(new Option('--bug <name>', 'a planted bug that must be found').choices(HANDLER_BUGS).hideHelp())
    .action((options: CrashOptions) =>
      prove(options, (stage) => crashRun({ ...options, ...stage }), {
        table: (report, { seed }, elapsedMs) => reportTable(report, seed, elapsedMs),
        json: (report, { seed }) => reportJson(report, seed),
      }),
    );
}
