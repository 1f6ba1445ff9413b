/** `npm run scale -- [--shards n] [--workers n] …`: what a large fleet asks of Temporal, DynamoDB and Kinesis, by simulation: docs/scale.md. */
import { Command, InvalidArgumentError } from 'commander';
import Table from 'cli-table3';
import { createRandom } from '../prove/random';
import { CPU_MS, FLEET, PRICES, type Fleet } from './model';
import { simulate, type Simulation } from './simulate';

interface Options extends Fleet {
  readonly seconds: number;
  readonly seed: number;
  readonly json: boolean;
}

const MONTH_SECONDS = 30 * 24 * 3_600;

const command = new Command('scale').description('Simulates a fleet of shards and workers, second by second');
for (const [name, value] of Object.entries(FLEET)) {
  const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  command.option(`--${flag} <number>`, `default ${value}`, positive, value);
}
command
  .option('--seconds <number>', 'simulated time', positive, 600)
  .option('--seed <number>', 'of the simulation', positive, 1)
  .option('--json', 'one JSON object', false)
  .action((options: Options) => run(options));

function positive(text: string): number {
  const value = Number(text);
  if (value >= 0) return value;
  throw new InvalidArgumentError('expected a number from 0 on');
}

function run({ seconds, seed, json, ...fleet }: Options): void {
  const random = createRandom(seed);
  const result = simulate(fleet, { seconds: Math.ceil(seconds), random: () => random.next() });
  const figures = figuresOf(fleet, result);
  if (json) return void console.log(JSON.stringify({ fleet, figures }));
  const table = new Table({ head: [`${fleet.shards} shards, ${fleet.workers} workers`, ''] });
  for (const [name, value] of Object.entries(figures))
    table.push([name, Number(value.toPrecision(4)).toLocaleString('en')]);
  console.log(table.toString());
}

function figuresOf(fleet: Fleet, result: Simulation): Record<string, number> {
  const { mean, peak, recordsPerSecond, afterLoss } = result;
  const temporalCores = (mean.slices * CPU_MS.slice + mean.heartbeats * CPU_MS.heartbeat) / 1_000;
  const workerMs =
    mean.polls * CPU_MS.poll +
    mean.slices * CPU_MS.workerSlice +
    recordsPerSecond * CPU_MS.record +
    mean.writes * CPU_MS.commit;
  const perMonth = (perSecond: number, pricePerMillion: number): number =>
    (perSecond * MONTH_SECONDS * pricePerMillion) / 1e6;
  const monthlyRecords = (recordsPerSecond * MONTH_SECONDS) / 1e6;
  const temporalDollars = perMonth(result.actionsPerSecond, PRICES.perMillionActions);
  const dynamodbDollars = perMonth(mean.writes, PRICES.perMillionWrites);
  return {
    'records/s': recordsPerSecond,
    'activities/s, mean': mean.slices,
    'activities/s, peak': peak.slices,
    'heartbeats/s': mean.heartbeats,
    'Temporal Cloud actions/s': result.actionsPerSecond,
    'history events/s': result.eventsPerSecond,
    'DynamoDB writes/s, mean': mean.writes,
    'GetRecords/s': mean.polls,
    'Temporal, cores (development server)': temporalCores,
    'workers, cores': workerMs / 1_000,
    'cores per worker': workerMs / 1_000 / fleet.workers,
    'shards per worker': fleet.shards / fleet.workers,
    'Temporal Cloud, $ per million records': temporalDollars / monthlyRecords,
    'DynamoDB, $ per million records': dynamodbDollars / monthlyRecords,
    'Kinesis shard hours, $ per million records': (fleet.shards * PRICES.shardHour * 720) / monthlyRecords,
    'worker lost: shards': afterLoss.shards,
    'worker lost: p50 s to the next claim': afterLoss.p50Seconds,
    'worker lost: p99 s': afterLoss.p99Seconds,
    'worker lost: claims/s, peak': afterLoss.peakClaimsPerSecond,
  };
}

command.parse();
