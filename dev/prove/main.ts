/** `npm run prove -- crash`: proves on real processes that nothing is lost, repeated beyond the bound, or out of order. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorText } from '../stack/error-text';
import { crashRun, type CrashRunOptions, type CrashRunResult } from './crash/run';
import { describeViolations, reportJson, reportTable } from './crash/tables';
import { HANDLER_BUGS } from './worker-config';

type Numbers = Pick<CrashRunOptions, 'records' | 'shards' | 'kills' | 'reshards' | 'workers' | 'seed' | 'stepMs'>;

interface CrashOptions extends Numbers, Pick<CrashRunOptions, 'kinesis' | 'bug'> {
  readonly json: boolean;
  readonly keep: boolean;
}

const MAX_SEED = 2 ** 31;

async function main(): Promise<void> {
  const program = new Command('prove').description('Proofs on real processes, judged by an oracle');
  program
    .command('crash')
    .description('Consumes a stream while workers are killed, frozen and stopped and shards are split and merged')
    .option('--records <n>', 'records to put', whole(1), 20_000)
    .option('--shards <n>', 'shards at the start', whole(1), 4)
    .option('--kills <n>', 'signals to workers: SIGKILL, SIGSTOP with SIGCONT, SIGTERM', whole(0), 10)
    .option('--reshards <n>', 'splits and merges', whole(0), 2)
    .option('--workers <n>', 'worker processes', whole(2), 3)
    .option('--seed <n>', 'faults and choices follow from it (default: random)', whole(0), randomInt(MAX_SEED))
    .option('--step-ms <n>', 'time between two steps of faults that the producer fills', whole(1), 7_000)
    .addOption(new Option('--kinesis <server>', 'which Kinesis').choices(['scripted', 'local']).default('scripted'))
    .addOption(new Option('--bug <name>', 'a planted bug that must be found').choices(HANDLER_BUGS).hideHelp())
    .option('--keep', 'keep journals and logs of a run without violations', false)
    .option('--json', 'last line: the result as JSON', false)
    .action(runCrash);
  await program.parseAsync();
}

async function runCrash(options: CrashOptions): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-prove-'));
  const startedAtMs = Date.now();
  const log = (line: string): void => console.error(`${seconds(startedAtMs).padStart(7)}  ${line}`);
  log(`seed ${options.seed}, journals and logs in ${folder}`);
  const result = await crashRun({ ...options, folder, signal: interruption(), log }).catch((error: unknown) => {
    console.error(`journals and logs: ${folder}`);
    throw error;
  });
  const isProven = show(result, options.seed, Date.now() - startedAtMs);
  if (isProven && !options.keep) rmSync(folder, { recursive: true, force: true });
  else console.error(`journals and logs: ${folder}`);
  if (options.json) console.log(reportJson(result.report, options.seed));
  if (!isProven) process.exitCode = 1;
}

/** True if the run came to its end without a violation. */
function show({ report, problem, standing }: CrashRunResult, seed: number, elapsedMs: number): boolean {
  console.log(reportTable(report, seed, elapsedMs));
  if (!report.ok) console.log(describeViolations(report));
  if (problem !== undefined) console.error(`The run did not come to its end: ${errorText(problem)}\n${standing}`);
  return report.ok && problem === undefined;
}

/** Aborts at the first signal; a second one ends this process at once. What it has started ends with it. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort(new Error(`interrupted by ${signal}`));
    });
  }
  return controller.signal;
}

function whole(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value < MAX_SEED) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${least}.`);
  };
}

function seconds(sinceMs: number): string {
  return `${((Date.now() - sinceMs) / 1_000).toFixed(1)}s`;
}

main().then(
  () => process.exit(),
  (error: unknown) => {
    console.error(errorText(error));
    process.exit(1);
  },
);
