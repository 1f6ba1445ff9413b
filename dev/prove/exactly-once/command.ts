import { Option, type Command } from 'commander';
import { proofCommand, prove, whole, type ProofOptions, type ProofStage } from '../common/proof-command';
import { exactlyOnceRun, type ExactlyOnceOptions } from './run';
import { SINK_BUGS, SINKS, type SinkName } from './sinks';
import { exactlyOnceJson, exactlyOnceTable } from './tables';

interface Options extends Omit<ExactlyOnceOptions, keyof ProofStage | 'sinks' | 'freezes'>, ProofOptions {
  readonly sink: SinkName | 'both';
  readonly freezes?: number;
}

export function exactlyOnceCommand(): Command {
  return proofCommand(
    'exactly-once',
    'Counts records in DynamoDB while workers are killed, and compares the sums with what was put',
  )
    .option('--records <n>', 'records to put', whole(1), 6_000)
    .option('--shards <n>', 'shards at the start', whole(1), 4)
    .option('--kills <n>', 'kill -9 of a worker', whole(0), 3)
    .option(
      '--freezes <n>',
      'workers frozen for longer than their heartbeat time-out (default: a fifth of the kills)',
      whole(0),
    )
    .option('--reshards <n>', 'splits and merges', whole(0), 1)
    .option('--workers <n>', 'worker processes', whole(2), 3)
    .option('--step-ms <n>', 'time between two steps of faults that the producer fills', whole(1), 3_000)
    .addOption(new Option('--sink <name>', 'where effects are written').choices([...SINKS, 'both']).default('both'))
    .addOption(new Option('--bug <name>', 'a planted bug that must be found').choices(SINK_BUGS).hideHelp())
    .action((options: Options) =>
      prove(options, (stage) => exactlyOnceRun({ ...options, ...stage, ...resolved(options) }), {
        table: exactlyOnceTable,
        json: exactlyOnceJson,
      }),
    );
}

function resolved({ sink, freezes, kills }: Options): Pick<ExactlyOnceOptions, 'sinks' | 'freezes'> {
  return { sinks: sink === 'both' ? SINKS : [sink], freezes: freezes ?? Math.ceil(kills / 5) };
}
