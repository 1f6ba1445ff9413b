import { CpuMeter } from '../../measure/process-cpu';
import { attempt, isThere } from '../attempt';
import type { Contestant } from '../contestant';
import type { Entrant } from '../entrant';
import type { Work } from '../messages';
import type { RaceWorld } from '../race-world';
import { rowsOf, type RaceRow } from '../row';

const SHARDS = 4;
const RUN_LIMIT_MS = 180_000;
const WORKS: readonly Work[] = ['noop', 'parse'];

interface Starter {
  readonly contestant: Contestant;
  readonly entrant: Entrant;
  readonly stream: string;
}

type Figures = Record<
  'recordsPerCpuSecond' | 'recordsPerSecond' | 'cpuSecondsPerMillion' | 'peakRssMb' | 'temporalCpuSeconds',
  number
>;

/**
 * A backlog of 1 KB records appears at once before consumers that have started and wait: each reads it in turn, round after round.
 * CPU time is that of the contestant's whole process tree from the appearance to its last commit.
 */
export async function throughput(world: RaceWorld, contestants: readonly Contestant[]): Promise<RaceRow[]> {
  const { records, repeats } = world.context.sizes;
  const recordsPerShard = Math.ceil(records / SHARDS);
  const { report } = world.context;
  const started = contestants.map((contestant) =>
    attempt(report, `throughput ${contestant.title}`, () => start(world, contestant)),
  );
  const starters = (await Promise.all(started)).filter(isThere);
  try {
    const rows: RaceRow[] = [];
    for (const work of WORKS) {
      const runs = new Map<Starter, Figures[]>(starters.map((starter) => [starter, []]));
      for (let round = 1; round <= repeats; round += 1) {
        for (const [starter, list] of runs) {
          const what = `throughput ${work} ${round}/${repeats} ${starter.contestant.title}`;
          const figures = await attempt(report, what, () => read(world, starter, work, recordsPerShard));
          list.push(...(figures ? [figures] : []));
          report.progress(`${what}: ${figures ? describe(figures) : 'no figures'}`);
        }
      }
      for (const [{ contestant }, list] of runs)
        rows.push(...rowsOf(contestant, `throughput, ${work}`, byFigure(list)));
    }
    return rows;
  } finally {
    await Promise.all(starters.map(({ entrant }) => entrant.stop()));
  }
}

function describe({ recordsPerCpuSecond, recordsPerSecond }: Figures): string {
  return `${Math.round(recordsPerCpuSecond)} per CPU-s, ${Math.round(recordsPerSecond)} records/s`;
}

async function start(world: RaceWorld, contestant: Contestant): Promise<Starter> {
  const stream = world.newName('backlog');
  await world.streams.create(stream, SHARDS);
  const entrant = world.enter({ contestant, stream, application: stream, isTuned: true });
  // A few records to each shard show that it reads them all; its code is warm then, too.
  await world.streams.release(stream, 1_000);
  const isReady = (): boolean => progressOf(entrant) === 1_000 * SHARDS;
  await entrant.until(isReady, contestant.startLimitMs, 'first records of all shards');
  return { contestant, entrant, stream };
}

async function read(world: RaceWorld, { entrant, stream }: Starter, work: Work, perShard: number): Promise<Figures> {
  const { reports, contestant } = entrant;
  reports.forget();
  reports.tell({ work });
  const temporal = new CpuMeter({ cpuMs: world.context.stack.processes.temporal });
  const cpuBefore = entrant.cpuMs();
  await world.streams.release(stream, perShard);
  const records = perShard * SHARDS;
  await entrant.until(() => progressOf(entrant) >= records, RUN_LIMIT_MS, `${records} records`);
  const cpuSeconds = (entrant.cpuMs() - cpuBefore) / 1_000;
  const steps = contestant.reportsCommits ? reports.commits : reports.batches;
  const [first] = reports.batches;
  const last = steps.at(-1);
  // From the first batch in the handler: how long a poll was away is a matter of latency.
  const wallSeconds = Number(BigInt(last?.atNs ?? 0) - BigInt(first?.atNs ?? 0)) / 1e9;
  return {
    recordsPerCpuSecond: records / cpuSeconds,
    recordsPerSecond: (records - (first?.records ?? 0)) / wallSeconds,
    cpuSecondsPerMillion: (cpuSeconds / records) * 1e6,
    peakRssMb: entrant.peakRssMb(),
    temporalCpuSeconds: (temporal.read().cpuMs ?? Number.NaN) / 1_000,
  };
}

function progressOf({ reports, contestant }: Entrant): number {
  return contestant.reportsCommits ? reports.committed : reports.handled;
}

function byFigure(runs: readonly Figures[]): Record<string, number[]> {
  const names = Object.keys(runs[0] ?? {}) as (keyof Figures)[];
  return Object.fromEntries(names.map((name) => [name, runs.map((run) => run[name])]));
}
