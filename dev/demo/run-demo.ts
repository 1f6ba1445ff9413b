import type { ConsumerReport } from '../../src';
import { playActs } from './acts';
import type { Cleanup } from './cleanup';
import consumer from './consumer';
import { readDelays } from './delays-table';
import type { DemoOptions } from './demo-options';
import { figuresOf, readFlights } from './flights';
import { STREAM } from './names';
import type { RecordPlace } from './producer';
import { compareFigures, type DemoResult, type Mismatch } from './result';
import type { Screen } from './screen';
import { isOpen, listShards } from './stream';
import { untilAllCommitted, untilAllHandled } from './until-handled';
import { createResources, openWorld, startConsumer, startWorkers, type World } from './world';
import type { WorkerProcess } from './worker-process';

const SHARDS = 4;
const WORKERS = 2;
const PROGRESS_INTERVAL_MS = 200;

export interface Outcome {
  readonly result: DemoResult;
  readonly mismatches: readonly Mismatch[];
  readonly airports: number;
  readonly openShards: number;
  readonly report: ConsumerReport;
  readonly uiUrl: string | undefined;
}

/** The whole play. What it starts is in `cleanup`. */
export async function runDemo({ records }: DemoOptions, screen: Screen, cleanup: Cleanup): Promise<Outcome> {
  const flights = readFlights(records);
  screen.say('Starting a Temporal server, a Kinesis emulator and a DynamoDB emulator.');
  const world = await openWorld(cleanup, (line) => screen.say(line));
  const uiUrl = workflowsPage(world);
  screen.say(uiUrl ? `They are up. Watch the workflows in Temporal's Web UI: ${uiUrl}` : 'They are up.');
  const workers = await prepare(world, screen, cleanup);

  const put = new Set<RecordPlace>();
  screen.startProgress(flights.length);
  cleanup.add(keepCounting(world, (handled) => screen.progress(put.size, handled, flights.length)));
  const { shardsBefore, resumeMs } = await playActs({ world, workers, screen, put }, flights);
  await untilAllHandled(put, world.deliveries);
  const report = await untilAllCommitted(put.size, () => world.tidemark.status(consumer));
  screen.progress(put.size, world.deliveries.handled.size, flights.length);
  screen.endProgress();

  const shards = await listShards(world.kinesis);
  const expected = figuresOf(flights);
  const mismatches = compareFigures(expected, await readDelays(world.dynamodb));
  const counts = countRecords(world, put);
  const result = { ...counts, mismatches: mismatches.length, resumeMs, shardsBefore, shardsAfter: shards.length };
  return { result, mismatches, airports: expected.size, openShards: shards.filter(isOpen).length, report, uiUrl };
}

function workflowsPage({ stack, temporal }: World): string | undefined {
  return stack.temporalUiUrl && `${stack.temporalUiUrl}/namespaces/${temporal.options.namespace}/workflows`;
}

async function prepare(world: World, screen: Screen, cleanup: Cleanup): Promise<WorkerProcess[]> {
  await createResources(world, SHARDS, cleanup);
  screen.say(`Stream ${STREAM} has ${SHARDS} shards. Partition key of a flight: its origin airport.`);
  await startConsumer(world, cleanup);
  screen.say(
    `Consumer ${consumer.options.name} is started: one workflow follows the stream, and one will run per shard.`,
  );
  const workers = await startWorkers(world, WORKERS, cleanup);
  screen.say(
    `${WORKERS} worker processes are up (pids ${workers.map(({ pid }) => pid).join(', ')}); Temporal deals the shards out to them.`,
  );
  return workers;
}

/** Returns how to end it. */
function keepCounting({ deliveries }: World, onCount: (handled: number) => void): () => void {
  const timer = setInterval(() => {
    deliveries.refresh();
    onCount(deliveries.handled.size);
  }, PROGRESS_INTERVAL_MS);
  return () => clearInterval(timer);
}

function countRecords(
  { deliveries }: World,
  put: ReadonlySet<RecordPlace>,
): Pick<DemoResult, 'put' | 'handled' | 'duplicates' | 'lost'> {
  deliveries.refresh();
  const { deliveredCount, handled } = deliveries;
  const lost = [...put].filter((place) => !handled.has(place)).length;
  return { put: put.size, handled: deliveredCount, duplicates: deliveredCount + lost - put.size, lost };
}
