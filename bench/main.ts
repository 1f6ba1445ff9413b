/** `npm run bench -- [names] [options]`: docs/benchmarks.md says what each figure means. */
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { errorText } from '../dev/stack/error-text';
import { Pinning } from './measure/pinning';
import { Report } from './measure/report';
import type { Result } from './measure/result';
import { aggregates } from './scenarios/aggregates';
import { CONTESTANT_IDS, race, SCENARIO_NAMES } from './race/race';
import { BenchContext, type Sizes } from './scenarios/bench-context';
import { decode } from './scenarios/decode';
import { history } from './scenarios/history';
import { idle } from './scenarios/idle';
import { isolation } from './scenarios/isolation';
import { latency } from './scenarios/latency';
import { memory } from './scenarios/memory';
import { throughput } from './scenarios/throughput';

const benchmarks: Readonly<Record<string, (context: BenchContext) => Promise<Result[]>>> = {
  throughput,
  latency,
  history,
  idle,
  isolation,
  memory,
  aggregates,
  decode,
};

interface Options extends Sizes {
  readonly json: boolean;
  readonly contestants?: readonly string[];
  readonly scenarios?: readonly string[];
  readonly with?: readonly string[];
}

/** Sizes of the race, unless they are given. */
const RACE_SIZES = { records: 200_000, repeats: 3 };

const command = new Command('bench')
  .description('Measures Tidemark on this machine, with local servers')
  .addArgument(
    new Argument('[names...]', 'which benchmarks; default: all but race').choices([...Object.keys(benchmarks), 'race']),
  )
  .option('--records <n>', 'records of a throughput or history run', wholeNumber, 400_000)
  .option('--repeats <n>', 'runs of each subject of throughput, isolation and aggregates', wholeNumber, 5)
  .option(
    '--seconds <n>',
    'measured time of latency and idle (idle: at least 310 for its targets to mean something)',
    wholeNumber,
    130,
  )
  .option('--shards <n>', 'shards of idle', wholeNumber, 100)
  .option(
    '--contestants <list>',
    `of race: ${CONTESTANT_IDS.join(',')}; default: all that can be had`,
    listOf(CONTESTANT_IDS),
  )
  .option('--scenarios <list>', `of race: ${SCENARIO_NAMES.join(',')}; default: all`, listOf(SCENARIO_NAMES))
  .option('--with <files>', 'of race: results of earlier runs for the table, with commas', (text) => text.split(','))
  .addOption(new Option('--profile', 'write CPU profiles to bench/results/profiles').default(false))
  .addOption(new Option('--json', 'JSON lines on standard output in place of tables').default(false))
  .action((names: string[], options: Options) => run(names.length > 0 ? names : Object.keys(benchmarks), options));

function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('expected a whole number above 0');
}

function listOf(known: readonly string[]): (text: string) => string[] {
  return (text) => {
    const names = text.split(',');
    if (names.every((name) => known.includes(name))) return names;
    throw new InvalidArgumentError(`expected some of ${known.join(', ')}, with commas`);
  };
}

async function run(
  names: readonly string[],
  { json, contestants, scenarios, with: earlier, ...given }: Options,
): Promise<void> {
  const sizes = names.includes('race') ? { ...given, ...raceSizes() } : given;
  const pinning = Pinning.apply();
  const report = new Report(json);
  const context = await BenchContext.start(sizes, pinning, report);
  try {
    report.begin({ pinning: pinning.describe() });
    for (const name of names) {
      if (name === 'race') await race(context, { contestants, scenarios, earlier });
      else report.add((await benchmarks[name]?.(context)) ?? []);
    }
    report.end();
  } finally {
    await context.stop();
  }
}

function raceSizes(): Partial<Sizes> {
  const isDefault = (name: string): boolean => command.getOptionValueSource(name) === 'default';
  return Object.fromEntries(Object.entries(RACE_SIZES).filter(([name]) => isDefault(name)));
}

command.parseAsync().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(errorText(error));
    process.exit(1);
  },
);
