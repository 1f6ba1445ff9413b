import { Command, InvalidArgumentError } from 'commander';
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorText } from '../../stack/error-text';
import type { Outcome } from './conduct';
import { describeViolations, type ViolationList } from './violations';

const MAX_NUMBER = 2 ** 31;

/** What every proof is told. */
export interface ProofOptions {
  readonly seed: number;
  readonly json: boolean;
  readonly keep: boolean;
}

/** What a run may use. */
export interface ProofStage {
  /** Journals and logs. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

/** How a report is shown. */
export interface Presentation<Options, Report> {
  /** For people. */
  readonly table: (report: Report, options: Options, elapsedMs: number) => string;
  /** One object on the last line. */
  readonly json: (report: Report, options: Options, elapsedMs: number) => object;
}

/** A command with the options that all proofs have. */
export function proofCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option('--seed <n>', 'all choices follow from it (default: random)', whole(0), randomInt(MAX_NUMBER))
    .option('--keep', 'keep journals and logs of a run without violations', false)
    .option('--json', 'last line: the result as JSON', false);
}

/** Runs a proof, says what it found, and makes this process's exit code 1 unless it is proven. */
export async function prove<Options extends ProofOptions, Report extends ViolationList>(
  options: Options,
  run: (stage: ProofStage) => Promise<Outcome<Report>>,
  { table, json }: Presentation<Options, Report>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-prove-'));
  const startedAtMs = Date.now();
  const log = (line: string): void => console.error(`${seconds(startedAtMs).padStart(7)}  ${line}`);
  log(`seed ${options.seed}, journals and logs in ${folder}`);
  const outcome = await run({ folder, signal: interruption(), log }).catch((error: unknown) => {
    console.error(`journals and logs: ${folder}`);
    throw error;
  });
  const elapsedMs = Date.now() - startedAtMs;
  console.log(table(outcome.report, options, elapsedMs));
  const isProven = describeOutcome(outcome);
  if (isProven && !options.keep) rmSync(folder, { recursive: true, force: true });
  else console.error(`journals and logs: ${folder}`);
  if (options.json) console.log(JSON.stringify(json(outcome.report, options, elapsedMs)));
  if (!isProven) process.exitCode = 1;
}

/** True if the run came to its end without a violation. */
function describeOutcome({ report, problem, standing }: Outcome<ViolationList>): boolean {
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

/** A whole number from `least`. */
export function whole(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value < MAX_NUMBER) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${least}.`);
  };
}

function seconds(sinceMs: number): string {
  return `${((Date.now() - sinceMs) / 1_000).toFixed(1)}s`;
}
