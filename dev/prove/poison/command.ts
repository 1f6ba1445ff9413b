import { InvalidArgumentError, Option, type Command } from 'commander';
import { proofCommand, prove, whole, type ProofOptions, type ProofStage } from '../common/proof-command';
import { POISON_BUGS } from './bugs';
import { POISON_KINDS, type PoisonKind } from './kinds';
import { poisonRun, type PoisonRunOptions } from './run';
import { poisonJson, poisonTable } from './tables';

type PoisonOptions = Omit<PoisonRunOptions, keyof ProofStage> & ProofOptions;

export function poisonCommand(): Command {
  return proofCommand(
    'poison',
    'Consumes a stream with records that no handler survives, and looks for what they have done',
  )
    .option('--records <n>', 'records to put, poison among them', whole(1), 4_000)
    .option('--shards <n>', 'shards', whole(1), 8)
    .option('--poisons <n>', 'records that cannot be handled', whole(0), 10)
    .option('--workers <n>', 'worker processes', whole(1), 2)
    .addOption(
      new Option('--isolation <where>', 'where the handler runs').choices(['inline', 'thread']).default('thread'),
    )
    .option('--kinds <list>', `kinds of poison, in turn: ${POISON_KINDS.join(',')}`, kinds, [...POISON_KINDS])
    .addOption(new Option('--bug <name>', 'a planted bug that must be found').choices(POISON_BUGS).hideHelp())
    .action((options: PoisonOptions) =>
      prove(options, (stage) => poisonRun({ ...options, ...stage }), { table: poisonTable, json: poisonJson }),
    );
}

function kinds(text: string): PoisonKind[] {
  return text.split(',').map((name) => {
    const kind = POISON_KINDS.find((candidate) => candidate === name);
    if (kind) return kind;
    throw new InvalidArgumentError(`Expected a list of ${POISON_KINDS.join(', ')}.`);
  });
}
