/** `npm run replay:record [-- scenario…] [--force]`: writes histories of today's code; an existing file is kept unless forced. */
import { existsSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { version } from '../../package.json';
import { createDynamodbClient, createKinesisClient } from '../../src/aws/clients';
import { createCheckpointTable } from '../../src/checkpoints/table';
import { DEFAULT_TABLE_NAME } from '../../src/core/names';
import { connectTemporal } from '../../src/temporal/connect';
import { errorText } from '../stack/error-text';
import { startStack } from '../stack';
import { CANARIES } from './canaries';
import { fileOf, writeHistory } from './history-files';
import { quietRuntime, replayAll } from './replay';
import { scenarioNames, type ScenarioName } from './scenario-names';
import { controlPerformances } from './control-scenarios';
import { failurePerformances } from './failure-scenarios';
import { replayPerformances } from './replay-scenarios';
import { performances, type History, type Recorded, type Studio } from './scenarios';
import { scrubHistory } from './scrub';

async function main(): Promise<void> {
  const wanted = readArguments();
  quietRuntime();
  const stack = await startStack({ temporal: { headless: true }, onProgress: (line) => console.error(line) });
  try {
    Object.assign(process.env, stack.env);
    const recorded = await performAll(wanted);
    for (const scenario of wanted) await keep(scenario, recorded[scenario]);
  } finally {
    await stack.stop();
  }
}

function readArguments(): ScenarioName[] {
  const { values, positionals } = parseArgs({
    options: { force: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  const unknown = positionals.filter((name) => !scenarioNames.some((known) => known === name));
  if (unknown.length > 0) throw new Error(`No scenario ${unknown.join(', ')}. There are: ${scenarioNames.join(', ')}`);
  const wanted = scenarioNames.filter((name) => positionals.length === 0 || positionals.includes(name));
  const existing = wanted.filter((name) => existsSync(fileOf(version, name)));
  if (existing.length === 0 || values.force) return wanted;
  throw new Error(
    `Histories of ${version} exist already: ${existing.join(', ')}. A released history is never recorded again; for one that was not released yet, use --force.`,
  );
}

/** All performances at once, each on a stream of its own: most of the time each of them waits. */
async function performAll(wanted: readonly ScenarioName[]): Promise<Recorded> {
  const temporal = await connectTemporal();
  const kinesis = createKinesisClient({});
  const dynamodb = createDynamodbClient({});
  const studio: Studio = { temporal, kinesis };
  try {
    await createCheckpointTable(dynamodb, DEFAULT_TABLE_NAME);
    const needed = [...performances, ...failurePerformances, ...controlPerformances, ...replayPerformances].filter(
      ({ scenarios }) => scenarios.some((name) => wanted.includes(name)),
    );
    const results = await Promise.allSettled(
      needed.map(async ({ scenarios, play }) => {
        const recorded = await play(studio);
        console.error(`played ${scenarios.join(', ')}`);
        return recorded;
      }),
    );
    const problems = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    if (problems.length > 0) throw new Error(problems.map(errorText).join('\n'));
    return Object.assign(
      {},
      ...results.map((result) => (result.status === 'fulfilled' ? result.value : {})),
    ) as Recorded;
  } finally {
    kinesis.destroy();
    dynamodb.destroy();
    await temporal.connection.close();
  }
}

/** Writes a history that replays and that tells nothing of records or of this machine. */
async function keep(scenario: ScenarioName, history: History | undefined): Promise<void> {
  if (!history) throw new Error(`The performance has given no history of ${scenario}`);
  const project = path.resolve(__dirname, '../..');
  const json: unknown = JSON.parse(historyToJSON(history));
  const scrubbed = scrubHistory(json, { forbidden: [...CANARIES, project, homedir(), tmpdir()] });
  const [failure] = await replayAll([{ workflowId: scenario, history: scrubbed }]);
  if (failure) throw new Error(`The history of ${scenario} does not replay`, { cause: failure.error });
  writeHistory(fileOf(version, scenario), scrubbed);
  console.log(path.relative(process.cwd(), fileOf(version, scenario)));
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(errorText(error));
    process.exit(1);
  },
);
