/** `npm run demo`: real flights through Kinesis, Temporal and DynamoDB on this machine, with a reshard and a kill -9 on the way. */
import './quiet-sdk';
import { errorText } from '../stack/error-text';
import { Cleanup } from './cleanup';
import { readOptions, USAGE, UsageError, type DemoOptions } from './demo-options';
import { isRight } from './result';
import { mismatchLines, resultTable, shardTable } from './result-table';
import { runDemo, type Outcome } from './run-demo';
import { Screen } from './screen';

const UNTIL_CTRL_C = 'Everything stays up until Ctrl-C.';
const EXIT = { right: 0, wrong: 1, usage: 2, interrupted: 130 } as const;

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (!options) {
    console.log(USAGE);
    return EXIT.right;
  }
  const screen = new Screen(options.json ? process.stderr : process.stdout);
  const cleanup = new Cleanup();
  const interrupted = untilSignal();
  try {
    const play = runDemo(options, screen, cleanup);
    play.catch(() => undefined); // Reported below, unless a signal comes first.
    const outcome = await Promise.race([play, interrupted]);
    if (!outcome) return EXIT.interrupted;
    show(outcome, options, screen);
    if (options.keep) await interrupted;
    if (options.json) process.stdout.write(`${JSON.stringify(outcome.result)}\n`);
    return isRight(outcome.result) ? EXIT.right : EXIT.wrong;
  } finally {
    screen.endProgress();
    await cleanup.run();
  }
}

function show({ report, result, mismatches, ...facts }: Outcome, { keep }: DemoOptions, screen: Screen): void {
  screen.say('All is handled and committed. Where the consumer stands, as `tidemark status` sees it:');
  screen.print(shardTable(report));
  screen.print(resultTable(result, facts));
  for (const line of mismatchLines(mismatches)) screen.print(line);
  screen.print(
    isRight(result) ? 'Every sum is right: nothing lost, nothing counted twice.' : 'WRONG: this must not happen.',
  );
  screen.print(
    keep ? UNTIL_CTRL_C : 'The servers stop now; with --keep they stay, and the workflows can be seen in the Web UI.',
  );
}

/** Resolves at the first signal; a second one ends the demo at once, and servers and workers notice. */
function untilSignal(): Promise<undefined> {
  return new Promise((resolve) => {
    let asked = false;
    const onSignal = (): void => {
      if (asked) process.exit(EXIT.interrupted);
      asked = true;
      process.stderr.write('\nStopping.\n');
      resolve(undefined);
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, onSignal);
  });
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${errorText(error)}\n${error instanceof UsageError ? `${USAGE}\n` : ''}`);
    process.exit(error instanceof UsageError ? EXIT.usage : EXIT.wrong);
  },
);
