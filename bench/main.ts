/** `npm run bench -- [throughput] [latency] [history] [idle] [isolation] [memory] [options]`: docs/benchmarks.md says what each figure means. */
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { errorText } from '../dev/stack/error-text';
import { Pinning } from './measure/pinning';
import { Report } from './measure/report';
import type { Result } from './measure/result';
import { BenchContext, type Sizes } from './scenarios/bench-context';
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
};

interface Options extends Sizes {
  readonly json: boolean;
}

const command = new Command('bench')
  .description('Measures Tidemark on this machine, with local servers')
  .addArgument(new Argument('[names...]', 'which benchmarks; default: all').choices(Object.keys(benchmarks)))
  .option('--records <n>', 'records of a throughput or history run', wholeNumber, 400_000)
  .option('--repeats <n>', 'runs of each subject of throughput and isolation', wholeNumber, 5)
  .option(
    '--seconds <n>',
    'measured time of latency and idle (idle: at least 75 for its targets to mean something)',
    wholeNumber,
    130,
  )
  .option('--shards <n>', 'shards of idle', wholeNumber, 100)
  .addOption(new Option('--profile', 'write CPU profiles to bench/results/profiles').default(false))
  .addOption(new Option('--json', 'JSON lines on standard output in place of tables').default(false))
  .action((names: string[], options: Options) => run(names.length > 0 ? names : Object.keys(benchmarks), options));

function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('expected a whole number above 0');
}

async function run(names: readonly string[], { json, ...sizes }: Options): Promise<void> {
  const pinning = Pinning.apply();
  const report = new Report(json);
  const context = await BenchContext.start(sizes, pinning, report);
  try {
    report.begin({ pinning: pinning.describe() });
    for (const name of names) report.add((await benchmarks[name]?.(context)) ?? []);
    report.end();
  } finally {
    await context.stop();
  }
}

command.parseAsync().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(errorText(error));
    process.exit(1);
  },
);
